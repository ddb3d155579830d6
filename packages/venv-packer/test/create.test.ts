/** Tests `venv-packer create` with real tools: only the image is kept. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import {
  DEBIAN_PYTHON,
  findUv,
  fixturesDirectory,
  GREETER,
  greeterWheel,
  run,
  unmount,
  withDirectory,
  withMount,
  withTmpfs,
} from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ended, ended, launcher, start, venvPacker } from './command.js'
import { importsFrom } from './imports.js'
import { isRunning } from './processes.js'
import { onTerminal } from './terminal.js'

/** A PATH with uv, and a persistent cache. */
let env: Readonly<Record<string, string>>
/** The file of a package with a command, and options with which uv needs no index. */
let wheel: string
const offline = ['--', '--offline']
let shelf: string

beforeAll(async () => {
  const uv = await findUv()
  const path = process.env.PATH ?? ''
  env = {
    PATH: uv.includes('/') ? [dirname(uv), path].join(delimiter) : path,
    UV_CACHE_DIR: await fixturesDirectory('uv-cache'),
    UV_PYTHON_DOWNLOADS: 'never',
  }
  shelf = await mkdtemp(join(tmpdir(), 'venv-packer-wheels-'))
  wheel = await greeterWheel(shelf)
  await run(DEBIAN_PYTHON, ['-m', 'venv', join(shelf, 'venv')])
  await writeFile(join(shelf, 'python3'), pythonThatCopies(join(shelf, 'venv')), { mode: 0o755 })
})

afterAll(() => rm(shelf, { recursive: true, force: true }))

/** Calls a function with a directory for images, and a work directory, which must be empty afterwards. */
async function withPlaces(use: (places: Places) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const places = { cwd: join(directory, 'here'), work: join(directory, 'work') }
    await mkdir(places.cwd)
    await mkdir(places.work)
    await use(places)
    expect(await readdir(places.work)).toEqual([])
  })
}

interface Places {
  readonly cwd: string
  readonly work: string
}

async function create(
  { cwd, work }: Places,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return await venvPacker(['create', '--work-dir', work, ...args], { cwd, env: { ...env, ...variables } })
}

const debian = ['--python', DEBIAN_PYTHON]
/** For tests of what pip does in an environment of venv, however that came to be. */
const debianThatCopies = () => ['--python', join(shelf, 'python3')]

/** Debian's Python, but its venv copies an environment: pip, which installs itself into a new one, takes seconds to do so. */
function pythonThatCopies(venv: string): string {
  return `#!/bin/sh
for directory; do :; done
test "$1 $2" = '-m venv' && exec cp --archive --no-target-directory ${venv} "$directory"
exec ${DEBIAN_PYTHON} "$@"
`
}

describe('settings that make the installer install elsewhere', () => {
  it.each([
    ['pip.conf', '[install]\ntarget = TARGET\n', 'install.target = TARGET'],
    ['pip.conf', '[global]\nprefix = TARGET\n', 'global.prefix = TARGET'],
    ['pip.conf', '[install]\nroot = TARGET\n', 'install.root = TARGET'],
    ['pip.conf', '[install]\ndry-run = true\n', 'install.dry-run = true'],
    ['uv.toml', '[pip]\ntarget = "TARGET"\n', 'pip.target = "TARGET"'],
    ['uv.toml', 'pip.prefix = "TARGET"\n', 'pip.prefix = "TARGET"'],
    ['uv.toml', 'pip = { target = "TARGET" }\n', 'pip.target = "TARGET"'],
    ['pyproject.toml', '[tool.uv.pip]\ntarget = "TARGET"\n', 'tool.uv.pip.target = "TARGET"'],
  ])('in %s, %j, are a failure that names them, and no image is written', async (name, text, setting) => {
    await withPlaces(async (places) => {
      const file = join(places.cwd, name)
      const filled = (template: string) => template.replace('TARGET', join(places.cwd, 'elsewhere'))
      await writeFile(file, filled(text))
      const isPip = name === 'pip.conf'
      const args = isPip
        ? [...debianThatCopies(), '--with', 'venv', '--mount-point', '/opt/py', wheel, '--', '--no-index']
        : [...debian, wheel, ...offline]
      const { code, stderr } = await create(places, args, isPip ? { PIP_CONFIG_FILE: file } : {})
      expect(code).toBe(1)
      const step = isPip ? 'pip install' : 'uv pip install'
      expect(stderr).toContain(
        `${step} succeeded, but nothing is in the environment: ${filled(setting)} is set in ${file}\n`,
      )
      expect(await readdir(places.cwd)).not.toContain('venv.squashfs')
    })
  })

  it('are ignored if they are variables, and named if they are options', async () => {
    await withPlaces(async (places) => {
      const line = [
        ...['--with', 'venv', '--mount-point', '/opt/py', '--no-compile'],
        ...[wheel, '--', '--no-index'],
      ]
      const variables = { PIP_TARGET: '/nowhere', PIP_ROOT: '/nowhere', PIP_DRY_RUN: '1' }
      expect(await create(places, [...debian, ...line], variables)).toMatchObject({ code: 0, stderr: '' })
      const { code, stderr } = await create(places, ['--force', ...debianThatCopies(), ...line, '--dry-run'])
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(': --dry-run was given after --\n'),
      })
    })
  })

  it('are not reported if there was nothing to install', async () => {
    await withPlaces(async (places) => {
      await writeFile(join(places.cwd, 'none.txt'), 'six; sys_platform == "win32"\n')
      expect(await create(places, [...debian, '-r', 'none.txt', ...offline])).toMatchObject({ code: 0 })
    })
  })
})

describe('an environment by uv', () => {
  it('works wherever its image is mounted, and imports do not compile', async () => {
    await withPlaces(async (places) => {
      const { code, stdout, stderr } = await create(places, [
        ...debian,
        '-o',
        'py.squashfs',
        wheel,
        ...offline,
      ])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/^py\.squashfs written from a new environment in /)
      expect(stdout).toMatch(/\n {2}made by {4}uv [\d.]+, of Python 3\.\d+\.\d+ in \/usr\/bin\n/)
      expect(stdout).toMatch(/\n {2}bytecode {3}1 module compiled at level 0, /)
      expect(stdout).toContain(`mkdir -p ${places.cwd}/py\n`)
      for (let place = 0; place < 2; place++) {
        await withMount(join(places.cwd, 'py.squashfs'), async (mounted) => {
          const said = await run(join(mounted, 'bin', GREETER), ['world'])
          expect(said.stdout.toString()).toBe(`hello world from ${mounted}\n`)
          const { fromBytecode, compiled } = await importsFrom(mounted, 'import greeter')
          expect({ fromBytecode: fromBytecode.length, compiled }).toEqual({ fromBytecode: 1, compiled: [] })
        })
      }
    })
  })

  it('has the packages of requirements and arguments from the index, and the report lists them', async () => {
    await withPlaces(async (places) => {
      await writeFile(join(places.cwd, 'requirements.txt'), 'six==1.17.0\n')
      await writeFile(join(places.cwd, 'more.txt'), 'idna\n')
      const { code, stdout, stderr } = await create(places, [
        ...['-r', 'requirements.txt', '--requirements', 'more.txt', '--json', 'click'],
        ...['--', '--no-deps', '--only-binary', ':all:'],
      ])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const report = JSON.parse(stdout)
      expect(report).toMatchObject({
        ok: true,
        command: 'create',
        createdWith: 'uv',
        source: { path: null, venv: true, relocatable: true, python: expect.stringMatching(/^3\./) },
        image: { path: join(places.cwd, 'venv.squashfs'), compression: 'zstd' },
        bytecode: { levels: [0], failed: [] },
        mount: { point: join(places.cwd, 'venv'), anywhere: true },
      })
      const named = report.packages.flatMap(({ name }: { name: string | null }) => name ?? [])
      expect(named.sort()).toEqual(['click', 'idna', 'six'])
      expect(JSON.stringify(report)).not.toContain(places.work)
    })
  })

  it('is packed with the options of pack', async () => {
    await withPlaces(async (places) => {
      const image = ['--compression', 'gzip', '--owner', '7:8', '--optimize', '0,1', '--exclude', 'activate*']
      const { stdout } = await create(places, [...debian, ...image, '--json', wheel, ...offline])
      expect(JSON.parse(stdout)).toMatchObject({
        image: { compression: 'gzip', level: 9 },
        bytecode: { levels: [0, 1], modules: 1, files: 2 },
      })
      await withMount(join(places.cwd, 'venv.squashfs'), async (mounted) => {
        const { stdout: owners } = await run('find', [mounted, '-printf', '%U:%G\\n'])
        expect(new Set(owners.toString().trim().split('\n'))).toEqual(new Set(['7:8']))
        expect((await readdir(join(mounted, 'bin'))).filter((name) => name.startsWith('activate'))).toEqual(
          [],
        )
      })
      const plain = await create(places, [...debian, '--force', '--no-compile', '--json', wheel, ...offline])
      expect(JSON.parse(plain.stdout)).toMatchObject({ bytecode: null, image: { replaced: true } })
    })
  })

  it('is not affected by variables for other Pythons and environments', async () => {
    await withPlaces(async (places) => {
      const { code, stderr } = await create(places, [...debian, wheel, ...offline], {
        PYTHONPATH: shelf,
        PYTHONHOME: '/nowhere',
        VIRTUAL_ENV: '/nowhere',
        UV_SYSTEM_PYTHON: '1',
        UV_LINK_MODE: 'symlink',
        UV_COMPILE_BYTECODE: '1',
      })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      await withMount(join(places.cwd, 'venv.squashfs'), async (mounted) => {
        const links = await run('find', [mounted, '-type', 'l', '-lname', '/*', '-printf', '%P\\n'])
        expect(links.stdout.toString()).toBe('bin/python\n')
        const said = await run(join(mounted, 'bin', GREETER), [])
        expect(said.stdout.toString()).toBe(`hello from ${mounted}\n`)
      })
    })
  })

  it('is made in memory if there is enough space, and is removed afterwards', async () => {
    await withDirectory(async (directory) => {
      const real = (await run('sh', ['-c', 'command -v uv'], { env })).stdout.toString().trim()
      const seen = join(directory, 'seen')
      await writeFile(join(directory, 'uv'), `#!/bin/sh\necho "$*" >> ${seen}\nexec ${real} "$@"\n`, {
        mode: 0o755,
      })
      const PATH = `${directory}:${env.PATH}`
      const { code } = await venvPacker(['create', ...debian, wheel, ...offline], {
        cwd: directory,
        env: { ...env, PATH },
      })
      expect(code).toBe(0)
      const [made] = /\S+$/m.exec(await readFile(seen, 'utf8')) ?? []
      const memory = await statfs('/dev/shm')
      const available = Math.min(memory.bavail * memory.bsize, process.availableMemory())
      expect(dirname(dirname(made!))).toBe(available >= 8_000_000_000 ? '/dev/shm' : tmpdir())
      expect(basename(dirname(made!))).toMatch(/^venv-packer-/)
      expect(existsSync(dirname(made!))).toBe(false)
    })
  })
})

describe('an environment by python -m venv and pip', () => {
  it('works at its mount point (commands, activation, hashes), and contains no other path', async () => {
    await withPlaces(async (places) => {
      const mountPoint = join(dirname(places.cwd), 'final', 'py')
      const { code, stdout, stderr } = await create(places, [
        ...['--with', 'venv', '--mount-point', mountPoint, ...debian, '--exclude', 'setuptools*', wheel],
        ...['--', '--no-index'],
      ])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/\n {2}made by {4}venv, of Python 3\./)
      expect(stdout).toContain(`squashfuse ${places.cwd}/venv.squashfs ${mountPoint}\n`)
      await mkdir(mountPoint, { recursive: true })
      await run('mount', ['-t', 'squashfs', '-o', 'ro,loop', join(places.cwd, 'venv.squashfs'), mountPoint])
      try {
        const said = await run(join(mountPoint, 'bin', GREETER), ['you'])
        expect(said.stdout.toString()).toBe(`hello you from ${mountPoint}\n`)
        const active = `. bin/activate && echo "$VIRTUAL_ENV" && command -v ${GREETER} && echo "$PS1"`
        const shell = await run('bash', ['-c', active], { cwd: mountPoint })
        expect(shell.stdout.toString()).toBe(`${mountPoint}\n${mountPoint}/bin/${GREETER}\n(py) \n`)
        const names = await run('grep', ['-rl', places.work, mountPoint], { allow: [1] })
        expect(names.stdout.toString()).toBe('')
        await expectTrueRecord(mountPoint)
        const { fromBytecode, compiled } = await importsFrom(
          mountPoint,
          'import greeter, pip._internal.cli.main',
        )
        expect(compiled).toEqual([])
        expect(fromBytecode.length).toBeGreaterThan(3)
      } finally {
        await unmount(mountPoint)
      }
    })
  }, 300_000) // `python -m venv` installs and compiles pip

  /** Expects the RECORD to have the current size and hash of the command. */
  async function expectTrueRecord(environment: string): Promise<void> {
    const { stdout } = await run('find', [environment, '-path', '*/greeter-1.0.dist-info/RECORD'])
    const record = await readFile(stdout.toString().trim(), 'utf8')
    const script = await readFile(join(environment, 'bin', GREETER))
    const hash = createHash('sha256').update(script).digest('base64url')
    expect(record.split(/\r?\n/)).toContain(`../../../bin/${GREETER},sha256=${hash},${script.length}`)
  }
})

describe('a failure removes all files, and gives the reason', () => {
  it('a package that does not exist: the last lines of uv, and its exit status', async () => {
    await withPlaces(async (places) => {
      const { code, stdout, stderr } = await create(places, [...debian, 'no-such-package', ...offline])
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(/^venv-packer: uv pip install failed \(exit status 1\)\n( {2}\|.*\n)+/)
      expect(stderr).toContain('no-such-package')
      expect(stderr).toMatch(
        /\n {2}Correct the packages to install; options for uv pip install go after --\.\n {4}\S.*\n$/,
      )
      const json = await create(places, [...debian, '--json', 'no-such-package', ...offline])
      expect(JSON.parse(json.stdout)).toMatchObject({
        ok: false,
        exitCode: 1,
        error: { code: 'INSTALL', output: expect.stringContaining('no-such-package') },
      })
      expect(await readdir(places.cwd)).toEqual([])
    })
  })

  it('a Python that does not exist', async () => {
    await withPlaces(async (places) => {
      const { stderr } = await create(places, ['--python', '3.99', 'six'])
      expect(stderr).toMatch(/^venv-packer: uv venv failed \(exit status \d\)\n {2}\| .*3\.99/)
      expect(stderr).toMatch(
        /\n {2}Name another Python with --python, by its version or its path\.\n {4}\S.*\n$/,
      )
      const venv = ['--with', 'venv', '--mount-point', '/opt/py', 'six']
      const missing = await create(places, ['--python', '3.99', ...venv])
      expect(missing.stderr).toContain(
        'venv-packer: python3.99 is not installed, or not on the PATH\n' +
          '  Name a Python that is there with --python, by its version or its path.\n',
      )
    })
  })

  it('uv that is not installed: how to install it', async () => {
    await withPlaces(async (places) => {
      const { code, stderr } = await create(places, ['six'], { PATH: '/usr/bin:/bin' })
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(
          'venv-packer: uv is not installed, or not on the PATH\n' +
            '  Install it (pip install uv, or see docs.astral.sh/uv), or use --with venv --mount-point PATH.\n',
        ),
      })
    })
  })

  it('an image that exists: refused before anything is made', async () => {
    await withPlaces(async (places) => {
      await writeFile(join(places.cwd, 'venv.squashfs'), 'old')
      const { code, stderr } = await create(places, ['six'], { PATH: '/usr/bin:/bin' })
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(
          'venv-packer: venv.squashfs exists already\n' +
            '  Add --force to replace it, --keep 1 to keep it as well, or name another with --output.\n',
        ),
      })
      expect(await readFile(join(places.cwd, 'venv.squashfs'), 'utf8')).toBe('old')
    })
  })

  it('a work directory that is missing, not writable, or full', async () => {
    await withPlaces(async ({ cwd, work }) => {
      const missing = await create({ cwd, work: join(work, 'missing') }, ['six'])
      expect(missing.stderr).toContain(
        `venv-packer: no environment can be made in ${work}/missing: the directory does not exist\n` +
          '  Name a directory that you may write to with --work-dir.\n',
      )
      await chmod(work, 0o555)
      const closed = await venvPacker(['create', '--work-dir', work, 'six'], {
        cwd,
        env,
        boundByPermissions: true,
      })
      expect(closed.stderr).toContain(
        `venv-packer: no environment can be made in ${work}: permission denied\n`,
      )
      await withTmpfs(async (small) => {
        const large = join(shelf, 'large-1.0-py3-none-any.whl')
        await run('python3', ['-c', largeWheel, wheel, large])
        const full = await create({ cwd, work: small }, [...debian, large, ...offline])
        expect(full.stderr).toMatch(/^venv-packer: uv pip install failed \(exit status \d\)\n/)
        expect(full.stderr).toMatch(
          /\n {2}Name a directory with more free space with --work-dir\.\n {4}\S.*\n$/,
        )
        expect(await readdir(small)).toEqual([])
      }, '2m')
    })
  })
})

/** A package of 4 MB that do not compress. */
const largeWheel = `
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[2], 'w') as wheel:
    wheel.writestr('large.py', os.urandom(4_000_000))
    for name, text in (
        ('METADATA', 'Metadata-Version: 2.1\\nName: large\\nVersion: 1.0\\n'),
        ('WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'),
        ('RECORD', ''),
    ):
        wheel.writestr('large-1.0.dist-info/' + name, text)
`

describe('interrupted in the middle of an install', () => {
  /** A package whose build prints its process id, and never ends. */
  async function endlessPackage(directory: string, atStart = ''): Promise<string> {
    const project = join(directory, 'endless')
    await mkdir(project)
    await writeFile(
      join(project, 'pyproject.toml'),
      '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    )
    await writeFile(
      join(project, 'backend.py'),
      `import os, signal, time\n${atStart}
def build_wheel(*_, **__):
    with open(${JSON.stringify(join(directory, 'building.new'))}, 'w') as file:
        file.write(str(os.getpid()))
    os.rename(${JSON.stringify(join(directory, 'building.new'))}, ${JSON.stringify(join(directory, 'building'))})
    time.sleep(600)
`,
    )
    return project
  }

  async function contentOf(path: string): Promise<string> {
    while (!existsSync(path)) await new Promise((wait) => setTimeout(wait, 20))
    return await readFile(path, 'utf8')
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    'by %s it ends what uv has started, removes the environment, and ends with %d',
    async (signal, code) => {
      await withPlaces(async (places) => {
        const project = await endlessPackage(dirname(places.cwd))
        const args = ['create', '--work-dir', places.work, ...debian, project, ...offline]
        const child = start(args, { cwd: places.cwd, env })
        const end = ended(child)
        const builder = Number(await contentOf(join(dirname(places.cwd), 'building')))
        expect((await readdir(places.work)).length).toBe(1)
        child.kill(signal)
        expect(await end).toEqual({
          code,
          stdout: '',
          stderr: expect.stringContaining(
            `venv-packer: stopped by ${signal}; no image was written\n  Run it again to pack the venv.\n`,
          ),
        })
        expect(isRunning(builder)).toBe(false)
        expect(await readdir(places.cwd)).toEqual([])
      })
    },
  )

  it('two Ctrl-C end it at once, and nothing stays in memory', async () => {
    await withPlaces(async (places) => {
      const deaf = 'signal.signal(signal.SIGINT, signal.SIG_IGN)'
      const project = await endlessPackage(dirname(places.cwd), deaf)
      const args = ['create', '--work-dir', places.work, ...debian, project, ...offline]
      const child = start(args, { cwd: places.cwd, env })
      const end = ended(child)
      const builder = Number(await contentOf(join(dirname(places.cwd), 'building')))
      const again = setInterval(() => child.kill('SIGINT'), 400)
      // A shell says 130 for both: on a busy machine the first may have done its work before the next one comes.
      expect([130, 'SIGINT']).toContain((await end).code)
      clearInterval(again)
      expect(isRunning(builder)).toBe(false)
      expect(await readdir(places.work)).toEqual([])
    })
  })
})

describe('on a terminal', () => {
  const command = (...args: string[]) => [
    process.execPath,
    launcher,
    'create',
    ...debian,
    ...args,
    ...offline,
  ]

  it('the output of uv is shown, then the summary', async () => {
    await withPlaces(async ({ cwd, work }) => {
      const request = { command: command('--work-dir', work, wheel), cwd, env: { ...env, TERM: 'xterm' } }
      const { code, written } = await onTerminal(request)
      expect(code).toBe(0)
      expect(written).toMatch(/Installed[\s\S]*greeter[\s\S]*venv\.squashfs written from a new environment/)
    })
  })

  it.each([['--quiet'], ['--json']])('it is silent with %s', async (option) => {
    await withPlaces(async ({ cwd, work }) => {
      const request = { command: command('--work-dir', work, option, '--no-progress', wheel), cwd, env }
      const { code, written } = await onTerminal(request)
      expect(code).toBe(0)
      expect(written).toMatch(option === '--quiet' ? /^$/ : /^\{.*\}\r\n$/)
    })
  })
})

/** Tests `venv-packer run`: it runs a command with every mount method, and leaves nothing mounted. */
import type { ChildProcess } from 'node:child_process'
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  DEBIAN_PYTHON,
  GREETER,
  installGreeter,
  mountTraces,
  NO_TRACES,
  NOBODY,
  relocatableVenv,
  requireTools,
  run,
  SMALL_PACKAGE,
  smallVenv,
  withDirectory,
  withNobody,
} from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ended, ended, launcher, type Surroundings, standIns, start, venvPacker } from './command.js'
import { onTerminal, screen } from './terminal.js'

const allMethods = ['squashfs-mount', 'mount', 'user-namespace', 'squashfuse'] as const
/** The methods with which only the command sees the mount. */
const privateMethods = ['squashfs-mount', 'mount', 'user-namespace'] as const

/** The directory of two images: a relocatable environment, and one that works at its own path only. Each has its own command. */
let images: string
let movable: string
let fixedVenv: string
let fixed: string

beforeAll(async () => {
  await requireTools(['unshare', 'mount', 'umount', 'squashfuse', 'fusermount3', 'losetup', 'mksquashfs'])
  images = await mkdtemp(join(tmpdir(), 'run-test-'))
  await chmod(images, 0o755)
  await relocatableVenv(join(images, 'movable'))
  fixedVenv = join(images, 'fixed')
  await smallVenv(fixedVenv, DEBIAN_PYTHON)
  for (const venv of ['movable', 'fixed']) {
    await installGreeter(join(images, venv))
    expect(await venvPacker(['pack', venv], { cwd: images })).toMatchObject({ code: 0 })
  }
  movable = join(images, 'movable.squashfs')
  fixed = join(images, 'fixed.squashfs')
})

afterAll(async () => {
  const line = ['run', movable, '--dry-run', '--json', '--', 'true']
  const { mountPoint } = JSON.parse((await venvPacker(line)).stdout)
  await rm(dirname(mountPoint.path), { recursive: true, force: true })
  await rm(images, { recursive: true, force: true })
})

interface Place {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** Calls a function with a work directory. Afterwards its directory for temporary files must be empty, and nothing mounted. */
async function inPlace<T>(use: (place: Place) => Promise<T>): Promise<T> {
  return await withDirectory(async (cwd) => {
    const TMPDIR = join(cwd, 'tmp')
    await mkdir(TMPDIR)
    await chmod(cwd, 0o755)
    await chmod(TMPDIR, 0o1777)
    const env = { TMPDIR, XDG_RUNTIME_DIR: '', PATH: `${standIns}:${process.env.PATH}` }
    const result = await use({ cwd, env })
    expect(await readdir(TMPDIR)).toEqual([])
    await expectNoTraces()
    return result
  }, images)
}

/** Expects no mount, no loop device in use, and no daemon. They may take a moment to disappear. */
async function expectNoTraces(process?: number): Promise<void> {
  await expect.poll(() => mountTraces(images, process), { timeout: 10_000 }).toEqual(NO_TRACES)
}

/** Runs a command with `venv-packer run`. */
async function runIn(image: string, options: readonly string[], ...command: string[]): Promise<Ended> {
  return await inPlace((place) => venvPacker(['run', image, ...options, '--', ...command], place))
}

/** Starts a command, and waits until it has printed `ready`. */
async function startIn(
  image: string,
  options: readonly string[],
  command: readonly string[],
  place: Surroundings,
) {
  const child = start(['run', image, ...options, '--', ...command], place)
  const end = ended(child)
  await ready(child)
  return { child, end }
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((done, failed) => {
    let said = ''
    child.stdout?.on('data', (piece: Buffer) => {
      said += piece
      if (said.includes('ready\n')) done()
    })
    child.once('close', () => failed(new Error(`the command ended and said only: ${said}`)))
  })
}

/** A Python program that prints each signal, and exits with 5 a moment after the first one. */
function taking(signal: string): string {
  return `
import os, signal, time
def came(*_):
    os.write(1, b'${signal} came\\n')
    time.sleep(0.3)
    os._exit(5)
signal.signal(signal.${signal}, came)
os.write(1, b'ready\\n')
time.sleep(60)`
}

/** The mount point of a relocatable image. */
const ownPlace = /^\/tmp\/venv-packer-\d+\/\w{12}\/movable\n$/

/** A user that no other test uses. */
const STRANGER = 54_321

const python = (code: string): string[] => ['python', '-c', code]

describe.each(allMethods)('by %s', (method) => {
  const options = ['--with', method]

  it('Python runs from the image, and imports from it', async () => {
    const code = `import greeter, os, sys; print(sys.prefix == os.environ['VIRTUAL_ENV'], greeter.__file__)`
    const { code: status, stdout, stderr } = await runIn(movable, options, ...python(code))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(
      /^True \/tmp\/venv-packer-\d+\/\w{12}\/movable\/lib\/python3\.\d+\/site-packages\/greeter\.py\n$/,
    )
  })

  it('a command of the environment is found by its name, and gets its arguments unchanged', async () => {
    const words = ['a b', '', '$HOME', "it's", '"', '*', '\n', '--', '-c', '\\']
    const { stdout } = await runIn(movable, options, GREETER, ...words)
    expect(stdout.startsWith(`hello ${words.join(' ')} from /`)).toBe(true)
  })

  it('the environment is active: VIRTUAL_ENV, its bin first in PATH, no PYTHONHOME; other variables are unchanged', async () => {
    await inPlace(async ({ cwd, env }) => {
      const odd = {
        PYTHONHOME: '/nowhere',
        LD_LIBRARY_PATH: '/some/lib',
        'BASH_FUNC_f%%': '() {  echo works; }',
        'A.B': 'x y',
      }
      const print = python(
        'import json, os; print(json.dumps({k: os.environ[k] for k in os.environ if k not in ("_", "PWD", "SHLVL", "LC_CTYPE")}))',
      )
      const inside = await venvPacker(['run', movable, ...options, '--', ...print], {
        cwd,
        env: { ...env, ...odd },
      })
      const { VIRTUAL_ENV, PATH, ...rest } = JSON.parse(inside.stdout)
      expect(VIRTUAL_ENV).toMatch(/venv-packer-\d+\/\w{12}\/movable$/)
      expect(PATH).toBe(`${VIRTUAL_ENV}/bin:${env.PATH}`)
      const { PYTHONHOME, ...expected } = { ...process.env, ...env, ...odd }
      for (const name of ['_', 'PWD', 'SHLVL', 'LC_CTYPE', 'PATH', 'VIRTUAL_ENV'])
        delete expected[name as keyof typeof expected]
      expect(rest).toEqual(expected)
      const bash = await venvPacker(['run', movable, ...options, '--', 'bash', '-c', 'f'], {
        cwd,
        env: { ...env, ...odd },
      })
      expect(bash.stdout).toBe('works\n')
    })
  })

  it('standard input, output and error are those of the command', async () => {
    await inPlace(async (place) => {
      const line = ['run', movable, ...options, '--', 'sh', '-c', 'cat; echo problem >&2']
      const { stdout, stderr } = await run(process.execPath, [launcher, ...line], {
        ...place,
        input: 'input',
      })
      expect({ stdout: stdout.toString(), stderr }).toEqual({ stdout: 'input', stderr: 'problem\n' })
    })
  })

  it('the exit code is that of the command, and 128 + n when signal n ended it', async () => {
    await inPlace(async (place) => {
      const expected = {
        'exit 0': 0,
        'exit 1': 1,
        'exit 255': 255,
        'kill -TERM $$': 143,
        'kill -KILL $$': 137,
      }
      const codes = await Promise.all(
        Object.keys(expected).map(async (script) => {
          const { code, stderr } = await venvPacker(
            ['run', movable, ...options, '--', 'sh', '-c', script],
            place,
          )
          return [script, stderr === '' ? code : stderr]
        }),
      )
      expect(Object.fromEntries(codes)).toEqual(expected)
    })
  })

  it('signals are passed to the command, which ends or handles them', async () => {
    const expected = {
      SIGTERM: 143,
      SIGHUP: 129,
      SIGINT: 130,
      SIGQUIT: 131,
      SIGUSR1: 138,
      SIGUSR2: 140,
    } as const
    await inPlace(async (place) => {
      await Promise.all(
        Object.entries(expected).map(async ([signal, code]) => {
          const ends = await startIn(movable, options, ['sh', '-c', 'echo ready; exec sleep 60'], place)
          ends.child.kill(signal as NodeJS.Signals)
          expect(await ends.end).toMatchObject({ code, stdout: 'ready\n', stderr: '' })
          const takes = await startIn(movable, options, python(taking(signal)), place)
          takes.child.kill(signal as NodeJS.Signals)
          expect(await takes.end).toMatchObject({ code: 5, stdout: `ready\n${signal} came\n`, stderr: '' })
        }),
      )
    })
  })

  it('a signal to all processes of the group reaches the command once', async () => {
    await inPlace(async (place) => {
      await Promise.all(
        (['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const).map(async (signal) => {
          const detached = { ...place, detached: true }
          const { child, end } = await startIn(movable, options, python(taking(signal)), detached)
          process.kill(-child.pid!, signal)
          expect(await end).toMatchObject({ code: 5, stdout: `ready\n${signal} came\n`, stderr: '' })
        }),
      )
    })
  })

  it('eight run at once from one image', async () => {
    await inPlace(async (place) => {
      const one = [
        'run',
        movable,
        ...options,
        '--',
        ...python('import greeter, time; time.sleep(0.2); print("done")'),
      ]
      const all = await Promise.all(Array.from({ length: 8 }, () => venvPacker(one, place)))
      expect(all).toEqual(Array(8).fill({ code: 0, stdout: 'done\n', stderr: '' }))
    })
  })

  it('a missing command ends with exit code 127, one that cannot be executed with 126', async () => {
    expect(await runIn(movable, options, 'no-such-command')).toEqual({
      code: 127,
      stdout: '',
      stderr: expect.stringContaining(
        'venv-packer: no-such-command: command not found\n  It is neither in bin of the image nor on PATH.\n',
      ),
    })
    expect(await runIn(movable, options, '/etc/passwd')).toMatchObject({ code: 126 })
  })

  it('variables that the launcher sets are not passed to the command', async () => {
    const { stdout } = await runIn(
      movable,
      options,
      ...python('import os; print(os.environ.get("UV_THREADPOOL_SIZE"))'),
    )
    expect(stdout).toBe('None\n')
  })
})

describe('a command that is a script', () => {
  /** Packs an environment with these scripts in its bin, and returns the image. */
  async function withScripts({ cwd }: Place, scripts: Readonly<Record<string, string>>): Promise<string> {
    const venv = join(cwd, 'venv')
    await run('cp', ['--archive', join(images, 'movable'), venv])
    for (const [name, text] of Object.entries(scripts))
      await writeFile(join(venv, 'bin', name), text, { mode: 0o755 })
    const { code } = await venvPacker(['pack', 'venv', '--force'], { cwd })
    expect(code).toBe(0)
    return 'venv.squashfs'
  }

  /** A program of the same name on PATH, which must not run instead. */
  async function withAnother(place: Place, name: string): Promise<Place> {
    const directory = join(place.cwd, 'others')
    await mkdir(directory)
    await writeFile(join(directory, name), '#!/bin/sh\necho another\n', { mode: 0o755 })
    return { ...place, env: { ...place.env, PATH: `${directory}:${place.env.PATH}` } }
  }

  it.each([
    ['#!/opt/gone/venv/bin/python3\n', '/opt/gone/venv/bin/python3'],
    ['#!python\n', 'python'],
    ['#!/usr/bin/env gone-python\n', 'gone-python'],
    ['#!/usr/bin/env python3 -u\n', 'python3 -u'],
    [`#!/bin/sh\n'''exec' '/opt/a b/bin/python' "$0" "$@"\n' '''\n`, '/opt/a b/bin/python'],
    [`#!/bin/sh\n'''exec' "$(dirname -- "$(realpath -- "$0")")"/'python9' "$0" "$@"\n' '''\n`, 'python9'],
  ])('and begins with %j cannot be started: no other one of its name runs instead', async (head, missing) => {
    await inPlace(async (place) => {
      const image = await withScripts(place, { two: `${head}print("hello")\n` })
      const line = ['run', image, '--', 'two']
      expect(await venvPacker(line, await withAnother(place, 'two'))).toEqual({
        code: 126,
        stdout: '',
        stderr: expect.stringContaining(
          `venv-packer: two cannot be started: its interpreter, ${missing}, is not there`,
        ),
      })
    })
  })

  it('of another environment that still exists runs with a warning', async () => {
    await inPlace(async (place) => {
      const image = await withScripts(place, {
        two: `#!${fixedVenv}/bin/python\nimport sys; print(sys.prefix)\n`,
      })
      expect(await venvPacker(['run', image, '--', 'two'], place)).toEqual({
        code: 0,
        stdout: `${fixedVenv}\n`,
        stderr: `venv-packer: warning: two is run by ${fixedVenv}/bin/python, which lies outside of the image: it imports what is installed there\n`,
      })
      const report = JSON.parse(
        (await venvPacker(['run', image, '--dry-run', '--json', '--', 'two'], place)).stdout,
      )
      expect(report.warnings).toEqual([expect.stringContaining('two is run by')])
    })
  })

  it('runs with the Python of the image for every form of its first line; another script runs with the interpreter that it names', async () => {
    await inPlace(async (place) => {
      const image = await withScripts(place, {
        one: '#!/usr/bin/env python\nimport sys; print(sys.prefix)\n',
        two: '#!/usr/bin/env -S python -u\nimport sys; print(sys.prefix)\n',
      })
      await writeFile(join(place.cwd, 'own'), '#!/bin/sh\necho own\n', { mode: 0o755 })
      for (const name of ['one', 'two']) {
        const { stdout, stderr } = await venvPacker(['run', image, '--', name], place)
        expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(/\/venv\n$/), stderr: '' })
      }
      expect(await venvPacker(['run', image, '--', './own'], place)).toEqual({
        code: 0,
        stdout: 'own\n',
        stderr: '',
      })
      await writeFile(join(place.cwd, 'own'), '#!/opt/gone\necho own\n', { mode: 0o755 })
      expect(await venvPacker(['run', image, '--', './own'], place)).toMatchObject({ code: 126 })
    })
  })

  it('is searched in the PATH that is set before it', async () => {
    await inPlace(async (place) => {
      const { env } = await withAnother(place, GREETER)
      const line = ['run', movable, '--', `PATH=${env.PATH}`, GREETER]
      expect(await venvPacker(line, place)).toMatchObject({ code: 0, stdout: 'another\n' })
    })
  })
})

describe('SIGUSR1, by which Node would open its debugger,', () => {
  it('reaches the command even if it comes while Node starts', async () => {
    await inPlace(async (place) => {
      const child = start(['run', movable, '--with', 'mount', '--', 'sleep', '60'], place)
      const end = ended(child)
      const threads = () => readdir(`/proc/${child.pid}/task`)
      await expect.poll(async () => (await threads()).length, { interval: 1 }).toBeGreaterThan(2)
      child.kill('SIGUSR1')
      expect(await end).toMatchObject({ code: 138, stdout: '' })
    })
  })

  it('reaches the command even if it comes while the image is being mounted', async () => {
    await inPlace(async (place) => {
      const slow = join(place.cwd, 'slow')
      await mkdir(slow)
      const mount =
        '#!/bin/sh\ntouch mounting\nuntil test -e go; do sleep 0.02; done\nexec /usr/bin/mount "$@"\n'
      await writeFile(join(slow, 'mount'), mount, { mode: 0o755 })
      const env = { ...place.env, PATH: `${slow}:${place.env.PATH}` }
      const child = start(['run', movable, '--with', 'mount', '--', 'sleep', '60'], { ...place, env })
      const end = ended(child)
      await expect.poll(() => readdir(place.cwd), { timeout: 10_000 }).toContain('mounting')
      child.kill('SIGUSR1')
      await writeFile(join(place.cwd, 'go'), '')
      expect(await end).toEqual({ code: 138, stdout: '', stderr: '' })
    })
  })
})

describe.each(privateMethods)('by %s, which no other process sees,', (method) => {
  const options = ['--with', method]

  it('an environment that is not relocatable is mounted where it was made, over the existing directory', async () => {
    await inPlace(async (place) => {
      await rename(fixedVenv, `${fixedVenv}.away`)
      await mkdir(fixedVenv)
      const outside = join(fixedVenv, 'outside')
      await writeFile(outside, '')
      const line = ['run', fixed, ...options, '--', 'sh', '-c', `${GREETER} you && test ! -e ${outside}`]
      const { code, stdout, stderr } = await venvPacker(line, place)
      expect({ code, stdout, stderr }).toEqual({
        code: 0,
        stdout: `hello you from ${fixedVenv}\n`,
        stderr: '',
      })
      expect(await readdir(fixedVenv)).toEqual(['outside'])
      await rm(fixedVenv, { recursive: true })
      await rename(`${fixedVenv}.away`, fixedVenv)
    })
  })

  it('other processes see the directory without the mount', async () => {
    await inPlace(async (place) => {
      const command = ['sh', '-c', 'echo ready; exec sleep 60']
      const { child, end } = await startIn(fixed, options, command, place)
      expect((await mountTraces(images)).mounts).toEqual([])
      child.kill()
      expect(await end).toMatchObject({ code: 143 })
    })
  })

  it('nothing stays mounted even when venv-packer is killed: the command goes on, and the mount ends with it', async () => {
    await inPlace(async (place) => {
      const waiting = `import os, time
os.write(1, b'ready\\n')
while not os.path.exists('go'): time.sleep(0.02)
import ${SMALL_PACKAGE}
print('went on')`
      const { child, end } = await startIn(fixed, options, python(waiting), place)
      child.kill('SIGKILL')
      await writeFile(join(place.cwd, 'go'), '')
      expect(await end).toMatchObject({ code: 'SIGKILL', stdout: 'ready\nwent on\n' })
    })
  })

  it('the mount exists as long as a background process of the command, and no longer', async () => {
    await inPlace(async ({ cwd, env }) => {
      const left = `import os, time
if os.fork(): os._exit(0)
os.close(1); os.close(2)
while not os.path.exists('go'): time.sleep(0.02)
import ${SMALL_PACKAGE}
open('came', 'w').write(${SMALL_PACKAGE}.__file__)`
      expect(await venvPacker(['run', fixed, ...options, '--', ...python(left)], { cwd, env })).toMatchObject(
        { code: 0 },
      )
      await writeFile(join(cwd, 'go'), '')
      const came = () => readFile(join(cwd, 'came'), 'utf8').catch(() => '')
      await expect.poll(came, { timeout: 10_000 }).toContain(`${fixedVenv}/lib/`)
    })
  })
})

describe('by an ordinary user who may open /dev/fuse,', () => {
  /** The mounts that a user without any rights sees where the command is started. */
  async function nobodyRuns(options: readonly string[], ...command: string[]): Promise<Ended> {
    return await withNobody(async ({ prefix, pid }) => {
      return await inPlace(async ({ cwd, env }) => {
        const line = [process.execPath, launcher, 'run', movable, ...options, '--', ...command]
        const { code, stdout, stderr } = await run(prefix[0]!, [...prefix.slice(1), ...line], {
          cwd,
          env,
          allow: [1, 125],
        })
        await expectNoTraces(pid)
        return { code, stdout: stdout.toString(), stderr }
      })
    })
  }

  it.each([
    ['the first method that is possible is a user namespace', []],
    ['squashfuse alone works as well', ['--with', 'squashfuse']],
  ] as const)('%s', async (_, options) => {
    const code = 'import greeter, os; print(os.getuid(), os.getgid(), greeter.__file__)'
    const { stdout, stderr } = await nobodyRuns(options, ...python(code))
    expect(stderr).toBe('')
    expect(stdout).toMatch(new RegExp(`^${NOBODY} ${NOBODY} /tmp/venv-packer-${NOBODY}/\\w{12}/movable/lib/`))
  })

  it('the command has no additional rights in its namespace', async () => {
    const { stdout } = await nobodyRuns(
      ['--with', 'user-namespace'],
      'grep',
      '^Cap\\(Prm\\|Eff\\|Inh\\|Amb\\)',
      '/proc/self/status',
    )
    expect(stdout.match(/\t0{16}\n/g)).toHaveLength(4)
  })

  it('a method that only root can use is reported as such if there is no other', async () => {
    expect(await nobodyRuns(['--with', 'mount'], 'true')).toEqual({
      code: 125,
      stdout: '',
      stderr: expect.stringContaining(
        `venv-packer: ${movable} cannot be mounted by mount: only root may mount\n  Leave --with out to try the other methods.\n`,
      ),
    })
  })

  it('an image that may not be read is refused', async () => {
    await chmod(movable, 0o600)
    const { code, stderr } = await nobodyRuns([], 'true')
    await chmod(movable, 0o644)
    expect({ code, stderr }).toEqual({
      code: 125,
      stderr: expect.stringContaining(
        `venv-packer: ${movable} cannot be read: permission denied\n  Make it readable, or copy it to where it is.\n`,
      ),
    })
  })
})

describe('the mount point', () => {
  it('of a relocatable environment may be any directory', async () => {
    await inPlace(async (place) => {
      await mkdir(join(place.cwd, 'here'))
      const { stdout } = await venvPacker(['run', movable, '--at', 'here', '--', GREETER, 'you'], place)
      expect(stdout).toBe(`hello you from ${place.cwd}/here\n`)
      expect(await readdir(join(place.cwd, 'here'))).toEqual([])
    })
  })

  it('of a relocatable environment is the same each time, by every method, whatever the variables for temporary files are', async () => {
    await inPlace(async ({ cwd, env }) => {
      const XDG_RUNTIME_DIR = join(cwd, 'runtime')
      await mkdir(XDG_RUNTIME_DIR)
      const sessions = [
        env,
        { ...env, XDG_RUNTIME_DIR },
        { ...env, TMPDIR: '/no/such', XDG_RUNTIME_DIR: '/nor/this' },
      ]
      const lines = allMethods.flatMap((method) => sessions.map((session) => ({ method, session })))
      const places = new Set<string>()
      for (const { method, session } of lines) {
        const line = ['run', movable, '--with', method, '--', ...python('import sys; print(sys.prefix)')]
        const { code, stdout, stderr } = await venvPacker(line, { cwd, env: session })
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        places.add(stdout)
      }
      expect([...places]).toEqual([expect.stringMatching(ownPlace)])
      expect(await readdir(XDG_RUNTIME_DIR)).toEqual([])
    })
  })

  it('differs for an image of another name, and for another user', async () => {
    await inPlace(async (place) => {
      await copyFile(movable, join(place.cwd, 'copy.squashfs'))
      const placeOf = async (image: string) =>
        (await venvPacker(['run', image, '--', 'sh', '-c', 'echo $VIRTUAL_ENV'], place)).stdout
      expect(await placeOf('copy.squashfs')).toMatch(/\/copy\n$/)
      expect(await placeOf('copy.squashfs')).not.toBe(await placeOf(movable))
      await symlink(place.cwd, join(place.cwd, 'link'))
      expect(await placeOf('link/copy.squashfs')).toBe(await placeOf('copy.squashfs'))
    })
  })

  it('is not a directory that another user has made: then TMPDIR or XDG_RUNTIME_DIR is used', async () => {
    await inPlace(async ({ cwd, env }) => {
      const trap = `/tmp/venv-packer-${STRANGER}`
      await mkdir(trap, { mode: 0o777 })
      try {
        const line = [process.execPath, launcher, 'run', movable, '--dry-run', '--json', '--', 'true']
        const stranger = ['setpriv', `--reuid=${STRANGER}`, '--clear-groups', ...line]
        const { stdout } = await run(stranger[0]!, stranger.slice(1), { cwd, env })
        expect(JSON.parse(stdout.toString()).mountPoint.path).toMatch(
          new RegExp(`^${env.TMPDIR}/venv-packer-${STRANGER}/\\w{12}/movable$`),
        )
      } finally {
        await rm(trap, { recursive: true })
      }
    })
  })

  it('of an environment that is not relocatable may be given by another path of the same directory', async () => {
    await inPlace(async (place) => {
      await symlink(images, join(place.cwd, 'link'))
      const line = ['run', fixed, '--at', 'link/fixed', '--', 'sh', '-c', `echo $VIRTUAL_ENV; ${GREETER} you`]
      const { stdout } = await venvPacker(line, place)
      expect(stdout).toBe(`${place.cwd}/link/fixed\nhello you from ${fixedVenv}\n`)
    })
  })

  it('must be the right one, and a directory', async () => {
    await inPlace(async (place) => {
      await mkdir(join(place.cwd, 'a:b'))
      const refused = async (...options: string[]) => {
        const { code, stdout, stderr } = await venvPacker(['run', ...options, '--', 'true'], place)
        expect({ code, stdout }).toEqual({ code: 125, stdout: '' })
        return stderr
      }
      expect(await refused(fixed, '--at', '.')).toContain(
        `venv-packer: ${fixed} works at ${fixedVenv} alone: the venv in it is not relocatable\n` +
          '  Leave --at out; uv venv --relocatable makes environments that work anywhere.\n',
      )
      expect(await refused(movable, '--at', 'no such')).toContain(
        'venv-packer: there is no directory no such to mount the image at\n' +
          `  Make an empty one: mkdir -p '${place.cwd}/no such'\n`,
      )
      expect(await refused(movable, '--at', movable)).toContain('is no directory to mount an image at')
      expect(await refused(movable, '--at', '/')).toContain('/ is no directory to mount an image at')
      expect(await refused(movable, '--at', 'a:b')).toContain(
        "a:b cannot be a part of PATH: it has a ':' in it",
      )
      expect(await refused(movable, '--at', '.', '--with', 'squashfuse')).toContain(
        'it mounts at a directory of its own only',
      )
      await rename(fixedVenv, `${fixedVenv}.away`)
      expect(await refused(fixed)).toContain(
        `venv-packer: there is no directory ${fixedVenv} to mount the image at\n  Make an empty one: mkdir -p ${fixedVenv}\n`,
      )
      await rename(`${fixedVenv}.away`, fixedVenv)
    })
  })

  it('of an image without a venv must be given', async () => {
    await inPlace(async (place) => {
      await mkdir(join(place.cwd, 'data'))
      await writeFile(join(place.cwd, 'data', 'table'), 'content')
      await venvPacker(['pack', 'data', '--any-directory'], place)
      const { code, stderr } = await venvPacker(['run', 'data.squashfs', '--', 'true'], place)
      expect({ code, stderr }).toEqual({
        code: 125,
        stderr: expect.stringContaining(
          'venv-packer: data.squashfs holds no virtual environment (it has no pyvenv.cfg)\n' +
            '  To mount it all the same, say where: --at DIRECTORY.\n',
        ),
      })
      const line = [
        'run',
        'data.squashfs',
        '--at',
        'data',
        '--',
        'sh',
        '-c',
        'cat data/table; echo $VIRTUAL_ENV',
      ]
      expect(await venvPacker(line, place)).toEqual({ code: 0, stdout: 'content\n', stderr: '' })
    })
  })

  it('of an image with another compressor must be given, too', async () => {
    await inPlace(async (place) => {
      await run(
        'mksquashfs',
        [join(images, 'movable'), 'xz.squashfs', '-comp', 'xz', '-quiet', '-no-progress'],
        place,
      )
      await mkdir(join(place.cwd, 'here'))
      const { code, stderr } = await venvPacker(['run', 'xz.squashfs', '--', 'true'], place)
      expect({ code, stderr }).toMatchObject({ code: 125, stderr: expect.stringContaining('--at DIRECTORY') })
      const line = ['run', 'xz.squashfs', '--at', 'here', '--', GREETER, 'you']
      expect((await venvPacker(line, place)).stdout).toBe(`hello you from ${place.cwd}/here\n`)
    })
  })
})

it('variables before the command are set for it', async () => {
  const { stdout } = await runIn(movable, [], 'GREETED=a b', 'sh', '-c', `${GREETER} "$GREETED"`)
  expect(stdout).toMatch(/^hello a b from /)
})

describe('on a terminal', () => {
  it('Ctrl-C reaches the command once, and the command has the terminal', async () => {
    await inPlace(async ({ cwd, env }) => {
      const code = `import sys; print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stderr.isatty())${taking('SIGINT')}`
      const command = [process.execPath, launcher, 'run', movable, '--', ...python(code)]
      const result = await onTerminal({ command, cwd, env, press: [['ready', '\u0003']] })
      expect(result).toMatchObject({ code: 5, pressed: true })
      expect(screen(result.written)).toEqual(['True True True', 'ready', '^CSIGINT came', ''])
    })
  })

  it('Ctrl-Z stops it, and the shell continues it', async () => {
    await inPlace(async ({ cwd, env }) => {
      const script = `import os, time
os.write(1, b'ready\\n')
while not os.path.exists('go'): time.sleep(0.02)
print('went on')`
      await writeFile(join(cwd, 'wait.py'), script)
      await writeFile(
        join(cwd, 'run'),
        `exec ${process.execPath} ${launcher} run ${movable} -- python wait.py\n`,
      )
      const press = [
        ['$ ', 'sh run\r'],
        ['ready', '\u001a'],
        ['Stopped', 'touch go; fg\r'],
        ['went on', 'exit 3\r'],
      ] as const
      const command = ['bash', '--norc', '--noprofile', '-i']
      const result = await onTerminal({ command, cwd, env: { ...env, PS1: '$ ' }, press })
      expect(result).toMatchObject({ code: 3, pressed: true })
    })
  })
})

describe('an image', () => {
  it.each(["it's a\nstrange, \\ $HOME 漢", '-x', 'a:b'])('may be called %j', async (name) => {
    await inPlace(async (place) => {
      const directory = join(place.cwd, name)
      await mkdir(directory)
      await copyFile(movable, join(directory, name))
      const at = name.includes(':') ? [] : ['--at', `./${name}`]
      for (const method of allMethods) {
        const options = method === 'squashfuse' ? ['--with', method] : ['--with', method, ...at]
        const line = ['run', `./${name}/${name}`, ...options, '--', GREETER, 'you']
        const { stdout, stderr } = await venvPacker(line, place)
        const possible = method !== 'squashfs-mount' || !name.includes(':')
        if (possible)
          expect({ stdout, stderr }).toEqual({
            stdout: expect.stringMatching(/^hello you from /),
            stderr: '',
          })
        else expect(stderr).toContain('its argument IMAGE:MOUNT cannot express these paths')
      }
    })
  })

  it('that is not an image, is missing, or is damaged is refused before anything is mounted', async () => {
    await inPlace(async (place) => {
      await writeFile(join(place.cwd, 'text'), 'x'.repeat(5000))
      const bytes = await readFile(movable)
      await writeFile(join(place.cwd, 'damaged'), bytes.subarray(0, bytes.length / 2))
      const refused = async (image: string) => (await venvPacker(['run', image, '--', 'true'], place)).stderr
      expect(await refused('text')).toMatch(
        /^venv-packer: text cannot be used: it is not a squashfs 4\.0 image\n {2}Give an /,
      )
      expect(await refused('damaged')).toMatch(
        /^venv-packer: damaged cannot be used: truncated: [\d,]+ of [\d,]+ bytes are missing/,
      )
      expect(await refused('nothing')).toContain(
        'venv-packer: nothing does not exist\n  Give an image; venv-packer pack makes one.\n',
      )
      expect(await refused('tmp')).toContain(
        'venv-packer: tmp is a directory, and an image is a file\n  Pack it: venv-packer pack tmp\n',
      )
    })
  })

  it('whose interpreter is missing on this machine is refused, since PATH would give another one', async () => {
    await inPlace(async (place) => {
      await mkdir(join(place.cwd, 'venv', 'bin'), { recursive: true })
      await writeFile(join(place.cwd, 'venv', 'pyvenv.cfg'), 'home = /opt/gone/bin\nrelocatable = true\n')
      await symlink('python3', join(place.cwd, 'venv', 'bin', 'python'))
      await symlink('/opt/gone/bin/python3.12', join(place.cwd, 'venv', 'bin', 'python3'))
      await venvPacker(['pack', 'venv'], place)
      expect(await venvPacker(['run', 'venv.squashfs', '--', 'python', '-V'], place)).toEqual({
        code: 125,
        stdout: '',
        stderr: expect.stringContaining(
          "venv-packer: the environment's interpreter, /opt/gone/bin/python3.12, is not on this machine\n" +
            '  Make it available first (start its uenv, load its module), or pack a venv of an interpreter that is there.\n',
        ),
      })
      await rm(join(place.cwd, 'venv', 'bin', 'python'))
      await venvPacker(['pack', 'venv', '--force'], place)
      expect(await venvPacker(['run', 'venv.squashfs', '--', 'ls'], place)).toMatchObject({
        code: 125,
        stderr: expect.stringContaining('the environment has no interpreter: there is no bin/python\n'),
      })
    })
  })
})

describe('a shared mount', () => {
  const seen = ['--with', 'squashfuse']
  const waiting = (name: string) =>
    python(`import os, time
os.write(1, b'ready\\n')
while not os.path.exists('${name}'): time.sleep(0.02)
import greeter
print(greeter.__file__)`)

  it('is used by all concurrent runs, and unmounted by the last of them', async () => {
    await inPlace(async (place) => {
      const first = await startIn(movable, seen, waiting('first'), place)
      const second = await startIn(movable, seen, waiting('second'), place)
      const daemons = (await mountTraces(images)).programs.filter((line) => line.includes('squashfuse_ll'))
      expect(daemons).toHaveLength(1)
      await writeFile(join(place.cwd, 'first'), '')
      expect(await first.end).toMatchObject({ code: 0, stderr: '' })
      await writeFile(join(place.cwd, 'second'), '')
      expect(await second.end).toMatchObject({ code: 0, stderr: '' })
      expect((await second.end).stdout).toBe((await first.end).stdout)
    })
  })

  it('ends with the last run even if another one was killed, and is mounted again if its daemon was killed', async () => {
    await inPlace(async (place) => {
      const killed = await startIn(movable, seen, waiting('killed'), place)
      killed.child.kill('SIGKILL')
      await writeFile(join(place.cwd, 'killed'), '')
      expect(await killed.end).toMatchObject({
        code: 'SIGKILL',
        stdout: expect.stringContaining('greeter.py'),
      })
      expect(await venvPacker(['run', movable, ...seen, '--', GREETER], place)).toMatchObject({ code: 0 })
      await expectNoTraces()
      const orphaned = await startIn(movable, seen, waiting('orphaned'), place)
      const { stdout } = await run('pgrep', ['--full', `^squashfuse.*${movable}|/squashfuse.*${movable}`])
      process.kill(Number(stdout), 'SIGKILL')
      expect(await venvPacker(['run', movable, ...seen, '--', GREETER], place)).toMatchObject({ code: 0 })
      await writeFile(join(place.cwd, 'orphaned'), '')
      await orphaned.end
    })
  })

  it('keeps the old image while a run of the renewed one is active', async () => {
    await inPlace(async (place) => {
      const image = join(place.cwd, 'renewed.squashfs')
      await copyFile(movable, image)
      const old = await startIn(image, seen, waiting('old'), place)
      await venvPacker(
        ['pack', join(images, 'movable'), '-o', image, '--force', '--exclude', 'greeter.py'],
        place,
      )
      const code = `import os; print(os.path.exists(os.environ['VIRTUAL_ENV'] + '/lib'))
import greeter`
      expect(await venvPacker(['run', image, ...seen, '--', ...python(code)], place)).toMatchObject({
        code: 1,
        stdout: 'True\n',
      })
      await writeFile(join(place.cwd, 'old'), '')
      expect(await old.end).toMatchObject({ code: 0, stdout: expect.stringContaining('/renewed/lib/') })
    })
  })

  it('is not shared by two jobs, since a batch system ends the daemon with its job', async () => {
    await inPlace(async (place) => {
      const job = (id: string) => ({ ...place, env: { ...place.env, SLURM_JOB_ID: id, SLURM_STEP_ID: '0' } })
      const first = await startIn(movable, seen, waiting('jobs'), job('71'))
      const second = await startIn(movable, seen, waiting('jobs'), job('72'))
      const line = [
        'run',
        movable,
        '--with',
        'mount',
        '--',
        ...python('import greeter; print(greeter.__file__)'),
      ]
      const { stdout } = await venvPacker(line, job('73'))
      await writeFile(join(place.cwd, 'jobs'), '')
      expect(await first.end).toEqual({ code: 0, stdout: `ready\n${stdout}`, stderr: '' })
      const other = await second.end
      expect(other).toMatchObject({ code: 0, stderr: '' })
      expect(other.stdout).not.toBe((await first.end).stdout)
    })
  })

  it('does not disturb private mounts at the same path', async () => {
    await inPlace(async (place) => {
      const shared = await startIn(movable, seen, waiting('shared'), place)
      const others = await Promise.all(
        privateMethods.map((method) => startIn(movable, ['--with', method], waiting('others'), place)),
      )
      await writeFile(join(place.cwd, 'shared'), '')
      const { stdout } = await shared.end
      await writeFile(join(place.cwd, 'others'), '')
      for (const { end } of others) expect(await end).toEqual({ code: 0, stdout, stderr: '' })
    })
  })
})

describe('the methods of mounting', () => {
  /** Puts failing programs first in PATH. */
  async function withBroken(programs: Readonly<Record<string, string>>, { cwd, env }: Place): Promise<Place> {
    const directory = join(cwd, 'broken')
    await mkdir(directory)
    for (const [name, words] of Object.entries(programs)) {
      await writeFile(join(directory, name), `#!/bin/sh\necho "${words}" >&2\nexit 32\n`, { mode: 0o755 })
    }
    return { cwd, env: { ...env, PATH: `${directory}:${env.PATH}` } }
  }
  const noSquashfs = "mount: unknown filesystem type 'squashfs'.\n       dmesg(1) may have more information."

  it('are tried in order until one mounts the image; --debug says why the others did not', async () => {
    await inPlace(async (place) => {
      const broken = await withBroken({ 'squashfs-mount': 'Failed to unshare', mount: noSquashfs }, place)
      const quiet = await venvPacker(['run', movable, '--', GREETER], broken)
      expect(quiet).toMatchObject({ code: 0, stderr: '' })
      const { code, stdout, stderr } = await venvPacker(['run', movable, '--debug', '--', GREETER], broken)
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr:
          'venv-packer: squashfs-mount: Failed to unshare\n' +
          "venv-packer: mount: unknown filesystem type 'squashfs'. dmesg(1) may have more information.\n" +
          "venv-packer: user-namespace: mount: unknown filesystem type 'squashfs'. dmesg(1) may have more information.\n",
      })
      expect(stdout).toContain('hello from')
    })
  })

  it('that all fail are listed, each with its reason', async () => {
    await inPlace(async (place) => {
      const fuse = 'fuse: device not found'
      const broken = await withBroken({ 'squashfs-mount': 'x', mount: 'y', squashfuse_ll: fuse }, place)
      expect(await venvPacker(['run', movable, '--', GREETER], broken)).toEqual({
        code: 125,
        stdout: '',
        stderr: expect.stringContaining(`venv-packer: ${movable} cannot be mounted on this machine
  squashfs-mount: x
  mount: y
  user-namespace: fuse: device not found
  squashfuse: fuse: device not found
  Install squashfuse (it needs /dev/fuse) or squashfs-mount; for a kernel without zstd pack with --compression gzip.
`),
      })
    })
  })

  it('are not tried again if the command fails', async () => {
    await inPlace(async (place) => {
      const line = ['run', movable, '--', 'sh', '-c', 'echo once >> count; exit 1']
      expect(await venvPacker(line, place)).toMatchObject({ code: 1 })
      expect(await readFile(join(place.cwd, 'count'), 'utf8')).toBe('once\n')
    })
  })

  it('are not tried any more after a signal before the command is started', async () => {
    await inPlace(async (place) => {
      const broken = await withBroken({}, place)
      const mount = '#!/bin/sh\necho $$ > mounting.new && mv mounting.new mounting\nexec sleep 60\n'
      await writeFile(join(place.cwd, 'broken', 'mount'), mount, { mode: 0o755 })
      const child = start(['run', movable, '--with', 'mount', '--', GREETER], broken)
      const end = ended(child)
      await expect.poll(() => readdir(place.cwd), { timeout: 10_000 }).toContain('mounting')
      child.kill('SIGTERM')
      expect(await end).toEqual({
        code: 143,
        stdout: '',
        stderr: expect.stringContaining(
          'venv-packer: stopped by SIGTERM before the command was started\n  Run it again.\n',
        ),
      })
      process.kill(Number(await readFile(join(place.cwd, 'mounting'), 'utf8')))
    })
  })

  it('squashfs-mount of uenv 9 gets the image by --sqfs', async () => {
    await inPlace(async ({ cwd, env }) => {
      const line = ['run', movable, '--with', 'squashfs-mount', '--', GREETER, 'you']
      const { stdout } = await venvPacker(line, { cwd, env: { ...env, STAND_IN_FORM: 'option' } })
      expect(stdout).toMatch(/^hello you from /)
    })
  })

  it('are shown by --dry-run in their order, with the command line of each, or why it is not possible', async () => {
    await inPlace(async ({ cwd, env }) => {
      const none = { ...env, PATH: process.env.PATH ?? '' }
      const { code, stdout, stderr } = await venvPacker(
        ['run', movable, '--dry-run', '--', 'python', 'a b'],
        { cwd, env: none },
      )
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const [, point] = /^Mounted at (\S+), COMMAND is:$/m.exec(stdout) ?? []
      expect(`${point}\n`).toMatch(ownPlace)
      expect(stdout).toMatch(/holds a relocatable venv of Python 3\.\d+\.\d+\.\n/)
      expect(stdout).toContain(`\n  env VIRTUAL_ENV=${point} PATH=${point}/bin:"$PATH" python 'a b'\n`)
      const names = [...stdout.matchAll(/^ {2}(\S+) +(.*)$/gm)].map((match) => match[1])
      expect(names.filter((name) => name !== 'env')).toEqual([...allMethods])
      expect(stdout).toContain('\n  squashfs-mount  not possible: it is not installed\n')
      expect(stdout).toMatch(
        /\n {2}squashfuse {6}\S+\/squashfuse_ll -o ro,nosuid,nodev,fsname=\S+ \S+ \S+\n {18}COMMAND\n {18}\S+\/fusermount3 -u -z /,
      )
    })
  })

  it('are shown as JSON, and their command lines work', async () => {
    await inPlace(async (place) => {
      const dryRun = ['run', fixed, '--dry-run', '--json', '--', GREETER, 'you']
      const report = JSON.parse((await venvPacker(dryRun, place)).stdout)
      expect(report).toMatchObject({
        ok: true,
        command: 'run',
        image: fixed,
        source: { venv: true, relocatable: false, madeFor: fixedVenv },
        mountPoint: { path: fixedVenv, temporary: false },
      })
      for (const { name, possible, lines } of report.ways) {
        expect([name, possible]).toEqual([name, name !== 'squashfuse'])
        for (const [program, ...args] of lines) {
          const { stdout } = await run(program, args, place)
          expect(stdout.toString()).toBe(`hello you from ${fixedVenv}\n`)
        }
      }
      expect(report.ways.map((method: { name: string }) => method.name)).toEqual(allMethods)
    })
  })
})

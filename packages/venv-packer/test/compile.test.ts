/** Tests `venv-packer pack --compile`: imports from the image do not compile, and the venv is not changed. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  differences,
  makeVenvFromIndex,
  run,
  SMALL_PACKAGE,
  smallVenv,
  survey,
  type TreeState,
  unmount,
  unsquash,
  withDirectory,
  withMount,
  withTmpfs,
} from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ended, start, venvPacker } from './command.js'
import { importsFrom } from './imports.js'
import { childrenOf, isRunning } from './processes.js'

/** Calls a function with a directory that contains a small environment `.venv`, and the directory of its packages. */
async function withVenv(use: (directory: string, sitePackages: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    await smallVenv(join(directory, '.venv'))
    const lib = join(directory, '.venv', 'lib')
    await use(directory, join(lib, (await readdir(lib))[0]!, 'site-packages'))
  })
}

async function packed(cwd: string, ...args: string[]) {
  const { code, stdout, stderr } = await venvPacker(['pack', '.venv', '--force', '--json', ...args], { cwd })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

/** The names in a package's `__pycache__`, without Python's version. */
function cached(tree: TreeState, name = SMALL_PACKAGE): string[] {
  const inCache = [...tree.keys()].filter((key) => key.includes(`${name}/__pycache__/`))
  return inCache.map((key) => key.replace(/.*__pycache__\//, '').replace(/cpython-\d+/, 'TAG')).sort()
}

async function unpacked(cwd: string): Promise<TreeState> {
  return await withDirectory(async (directory) => {
    await unsquash(join(cwd, 'venv.squashfs'), join(directory, 'out'))
    return await survey(join(directory, 'out'))
  })
}

describe('numpy from the package index, packed with another time for every file (SOURCE_DATE_EPOCH)', () => {
  let directory: string
  const env = { SOURCE_DATE_EPOCH: '1500000000' }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'venv-packer-compile-'))
    await makeVenvFromIndex(join(directory, '.venv'), ['numpy==2.2.6'])
    await venvPacker(['pack', '.venv', '-o', 'plain.squashfs'], { cwd: directory, env })
    await venvPacker(['pack', '.venv', '-o', 'compiled.squashfs', '--optimize', '0,2'], {
      cwd: directory,
      env,
    })
  })

  afterAll(() => rm(directory, { recursive: true, force: true }))

  it('is compiled at every start without --compile, since its bytecode is older than its source', async () => {
    await withMount(join(directory, 'plain.squashfs'), async (mounted) => {
      const { fromBytecode, compiled } = await importsFrom(mounted, 'import numpy')
      expect(fromBytecode).toEqual([])
      expect(compiled.length).toBeGreaterThan(50)
    })
  })

  it.each([
    ['plain python', []],
    ['python -OO', ['-OO']],
    ['python that compares every hash', ['--check-hash-based-pycs', 'always']],
  ])('is never compiled again by %s from an image with bytecode', async (_, options) => {
    await withMount(join(directory, 'compiled.squashfs'), async (mounted) => {
      const { fromBytecode, compiled } = await importsFrom(mounted, 'import numpy, numpy.testing', ...options)
      expect(compiled).toEqual([])
      expect(fromBytecode.length).toBeGreaterThan(50)
    })
  })
})

describe('the venv', () => {
  it('is not changed: it may be on a read-only file system, and belong to another user', async () => {
    await withVenv(async (directory) => {
      const venv = join(directory, '.venv')
      const before = await survey(venv)
      const readOnly = join(directory, 'read-only')
      await mkdir(readOnly)
      await run('mount', ['--bind', venv, readOnly])
      await run('mount', ['-o', 'remount,bind,ro', readOnly])
      try {
        const { code, stdout } = await venvPacker(['pack', 'read-only', '--compile'], { cwd: directory })
        expect({ code, stdout }).toMatchObject({
          code: 0,
          stdout: expect.stringMatching(/ bytecode +1 module compiled at level 0, \d+ bytes\n/),
        })
      } finally {
        await unmount(readOnly)
      }
      await run('chmod', ['-R', 'a-w', venv])
      const closed = await survey(venv)
      const { code } = await venvPacker(['pack', '.venv', '--compile'], {
        cwd: directory,
        boundByPermissions: true,
      })
      expect(code).toBe(0)
      expect(differences(closed, await survey(venv))).toEqual([])
      await run('chmod', ['-R', 'u+w', venv])
      expect(differences(before, await survey(venv))).toEqual([])
    })
  })

  it('keeps all files in the image, except the bytecode of the compiled levels', async () => {
    await withVenv(async (directory, sitePackages) => {
      const cache = join(sitePackages, SMALL_PACKAGE, '__pycache__')
      const [own] = await readdir(cache)
      await writeFile(join(cache, own!.replace('.pyc', '.opt-1.pyc')), 'of level 1')
      await writeFile(join(cache, own!.replace('.pyc', '.opt-2.pyc')), 'of level 2')
      await writeFile(join(cache, '__init__.cpython-27.pyc'), 'of another Python')
      const before = await survey(join(directory, '.venv'))
      await packed(directory, '--optimize', '0,1')
      const after = await unpacked(directory)
      const all = ['__init__.TAG.opt-1.pyc', '__init__.TAG.opt-2.pyc', '__init__.TAG.pyc']
      expect(cached(after)).toEqual(['__init__.TAG.pyc', ...all].sort())
      const changed = [...before].filter(([key, node]) => after.get(key)?.sha256 !== node.sha256)
      expect(changed.map(([key]) => key.replace(/.*__pycache__\//, '')).sort()).toEqual(
        [own!.replace('.pyc', '.opt-1.pyc'), own].sort(),
      )
    })
  })

  it('gives each .pyc the owner, time and permissions of its module, and a new directory those of its parent', async () => {
    await withVenv(async (directory, sitePackages) => {
      const private_ = join(sitePackages, 'private')
      await mkdir(private_)
      await writeFile(join(private_, 'secret.py'), 'x = 1\n')
      await run('chown', ['-R', '1234:5678', private_])
      await chmod(private_, 0o2750)
      await chmod(join(private_, 'secret.py'), 0o740)
      await run('touch', ['-d', '@1400000000', join(private_, 'secret.py')])
      await run('touch', ['-d', '@1300000000', private_])
      await packed(directory, '--compile')
      const tree = await unpacked(directory)
      const node = (ending: RegExp) => [...tree].find(([key]) => ending.test(key))?.[1]
      expect(node(/private\/__pycache__$/)).toMatchObject({
        ...{ mode: 0o2750, uid: 1234, gid: 5678, mtime: 1_300_000_000 },
      })
      expect(node(/private\/__pycache__\/secret.*\.pyc$/)).toMatchObject({
        ...{ mode: 0o640, uid: 1234, gid: 5678, mtime: 1_400_000_000 },
      })
    })
  })
})

describe('the modules', () => {
  it('that cannot be compiled are counted, and listed in the JSON with the reason; the others are compiled', async () => {
    await withVenv(async (directory, sitePackages) => {
      await mkdir(join(sitePackages, 'templates'))
      await writeFile(join(sitePackages, 'templates', 'module.py'), 'import {{ name }}\n')
      await writeFile(join(sitePackages, 'templates', 'old.py'), '\nprint "hello"\n')
      await writeFile(join(sitePackages, 'templates', 'nul.py'), 'a\0b')
      await writeFile(join(sitePackages, 'templates', 'a \u001b[31m\n.py'), `${'\n'.repeat(8)}(`)
      await symlink('nowhere', join(sitePackages, 'templates', 'gone.py'))
      const { bytecode, inodes, files } = await packed(directory, '--compile')
      expect(bytecode).toMatchObject({ levels: [0], modules: 1, files: 1, bytes: expect.any(Number) })
      const failed = bytecode.failed as { path: string; message: string }[]
      expect(failed.map(({ path }) => path.replace(/.*\/templates\//, ''))).toEqual([
        'a \\x1b[31m\\x0a.py',
        'gone.py',
        'module.py',
        'nul.py',
        'old.py',
      ])
      expect(failed[0]).toMatchObject({ message: expect.stringMatching(/^SyntaxError: .* \(line 9\)$/) })
      expect(failed[1]).toMatchObject({ message: 'FileNotFoundError: No such file or directory' })
      expect(failed[4]).toMatchObject({ message: expect.stringMatching(/^SyntaxError: .* \(line 2\)$/) })
      const { stdout: found } = await run('find', [join(directory, '.venv'), '-printf', '%y %i\\n'])
      const lines = new Set(found.toString().trim().split('\n'))
      expect({ inodes, files }).toEqual({
        inodes: lines.size,
        files: [...lines].filter((line) => line.startsWith('f')).length,
      })
      const { stdout } = await venvPacker(['pack', '.venv', '-f', '--compile'], { cwd: directory })
      expect(stdout).toMatch(
        /\n {2}bytecode {3}1 module compiled at level 0, \d+ bytes\n {13}5 modules could not be compiled; --json lists them\n/,
      )
    })
  })

  it('that --exclude leaves out are not compiled; new bytecode can replace all existing bytecode', async () => {
    await withVenv(async (directory, sitePackages) => {
      await mkdir(join(sitePackages, 'tests'))
      await writeFile(join(sitePackages, 'tests', 'test_a.py'), 'x = 1\n')
      await writeFile(join(sitePackages, SMALL_PACKAGE, 'test_b.py'), 'x = 1\n')
      await writeFile(join(sitePackages, SMALL_PACKAGE, '__pycache__', 'gone.cpython-27.pyc'), 'old')
      const excluded = ['--exclude', 'tests', '--exclude', 'test_*.py', '--exclude', '__pycache__']
      const { bytecode } = await packed(directory, '--compile', ...excluded)
      expect(bytecode).toMatchObject({ modules: 1, failed: [] })
      const tree = await unpacked(directory)
      expect([...tree.keys()].filter((key) => /test/.test(key))).toEqual([])
      expect(cached(tree)).toEqual(['__init__.TAG.pyc'])
    })
  })

  it('with unusual names, and symlinks to modules, get bytecode as well', async () => {
    await withVenv(async (directory, sitePackages) => {
      await writeFile(join(sitePackages, 'größe.py'), 'x = "größe"\n')
      await symlink(`${SMALL_PACKAGE}/__init__.py`, join(sitePackages, 'linked.py'))
      await run('sh', ['-c', `printf 'x = 1\\n' > "$(printf '\\377.py')"`], { cwd: sitePackages })
      const { bytecode } = await packed(directory, '--compile')
      expect(bytecode).toMatchObject({ modules: 4, failed: [] })
      await withMount(join(directory, 'venv.squashfs'), async (mounted) => {
        const code = 'import größe, linked, importlib; importlib.import_module(chr(0xdcff))'
        const { fromBytecode, compiled } = await importsFrom(mounted, code, '-X', 'utf8')
        expect(compiled).toEqual([])
        expect(fromBytecode.length).toBe(3)
      })
    })
  })

  it('of level 0 are those of python without -O, and the summary says if they are missing', async () => {
    await withVenv(async (directory) => {
      const { stdout } = await venvPacker(['pack', '.venv', '--optimize', '1,2'], { cwd: directory })
      expect(stdout).toMatch(/ bytecode +1 module compiled at levels 1 and 2, \d+ bytes\n/)
      expect(stdout).toContain('             python without -O uses level 0, which is not there\n')
    })
  })
})

describe('the bytes of the image', () => {
  it('are the same for every number of threads', async () => {
    await withVenv(async (directory, sitePackages) => {
      await manyModules(join(sitePackages, 'many'), 80)
      const images: Buffer[] = []
      for (const threads of ['1', '3', '3']) {
        await packed(directory, '--compile', '--threads', threads)
        images.push(await readFile(join(directory, 'venv.squashfs')))
      }
      for (const image of images) expect(image.equals(images[0]!)).toBe(true)
    })
  })

  it('do not depend on the path of a relocatable venv; tracebacks have the mount point', async () => {
    await withVenv(async (directory, sitePackages) => {
      await writeFile(join(directory, '.venv', 'pyvenv.cfg'), 'home = /usr/bin\nrelocatable = true\n')
      await writeFile(join(sitePackages, 'broken.py'), 'def fail():\n    raise KeyError\n')
      await packed(directory, '--compile')
      const first = await readFile(join(directory, 'venv.squashfs'))
      const elsewhere = join(directory, 'quite', 'another', 'place')
      await mkdir(elsewhere, { recursive: true })
      await rename(join(directory, '.venv'), join(elsewhere, '.venv'))
      await packed(elsewhere, '--compile')
      expect((await readFile(join(elsewhere, 'venv.squashfs'))).equals(first)).toBe(true)
      await withMount(join(elsewhere, 'venv.squashfs'), async (mounted) => {
        const { stderr } = await run('python3', ['-c', 'import broken; broken.fail()'], {
          env: { PYTHONPATH: sitePackages.replace(join(directory, '.venv'), mounted) },
          allow: [1],
        })
        expect(stderr).toContain(`File "${mounted}/lib/`)
        expect(stderr).toContain('raise KeyError')
      })
    })
  })

  it('contain the path at which a venv that is not relocatable works', async () => {
    await withVenv(async (directory, sitePackages) => {
      await packed(directory, '--compile')
      await withDirectory(async (scratch) => {
        await unsquash(join(directory, 'venv.squashfs'), join(scratch, 'out'))
        const program = `
import glob, marshal, sys
[path] = glob.glob(sys.argv[1] + '/lib/*/site-packages/${SMALL_PACKAGE}/__pycache__/*.pyc')
with open(path, 'rb') as file:
    head = file.read(16)
    print(head[4:8].hex(), marshal.load(file).co_filename)`
        const { stdout } = await run('python3', ['-c', program, join(scratch, 'out')])
        // 01000000: an unchecked hash (PEP 552).
        expect(stdout.toString()).toBe(`01000000 ${sitePackages}/${SMALL_PACKAGE}/__init__.py\n`)
      })
    })
  })
})

describe('if the interpreter does not compile', () => {
  const python = (directory: string) => join(directory, '.venv', 'bin', 'python')

  async function refused(cwd: string): Promise<string> {
    const { code, stdout, stderr } = await venvPacker(['pack', '.venv', '--compile'], { cwd })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(await readdir(cwd)).toEqual(['.venv'])
    return stderr
  }

  it.each<[string, (directory: string) => Promise<void>, string]>([
    [
      'because it is gone',
      async (directory) => {
        await rm(python(directory))
        await symlink('/opt/python/bin/python3', python(directory))
      },
      'venv-packer: .venv/bin/python is a symlink to /opt/python/bin/python3, which does not exist here\n' +
        '  Pack where that Python is, or without compiling.\n',
    ],
    [
      'because there is none',
      (directory) => rm(python(directory)),
      'venv-packer: there is no .venv/bin/python that could compile\n' +
        '  Pack where that Python is, or without compiling.\n',
    ],
    [
      'because it may not be run',
      async (directory) => {
        await rm(python(directory))
        await writeFile(python(directory), '#!/bin/sh\n')
      },
      'venv-packer: .venv/bin/python cannot be started: spawn',
    ],
    [
      'because it fails',
      async (directory) => {
        await rm(python(directory))
        await writeFile(python(directory), '#!/bin/sh\necho "no libpython here" >&2\nexit 127\n', {
          mode: 0o755,
        })
      },
      'venv-packer: .venv/bin/python does not compile: no libpython here (exit status 127)\n' +
        '  See whether it runs at all and has the memory it needs, or pack without compiling.\n',
    ],
    [
      'because it is too old',
      async (directory) => {
        const old = `import sys
sys.version_info = (3, 7, 16, 'final', 0)
exec(compile(open(sys.argv[1]).read(), sys.argv[1], 'exec'))`
        await rm(python(directory))
        const script = `#!/bin/sh\nshift 7\nexec python3 -c "${old}" "$@"\n`
        await writeFile(python(directory), script, { mode: 0o755 })
      },
      'venv-packer: .venv/bin/python cannot compile for an image: Python 3.7 is too old, it takes Python 3.8 or later\n' +
        '  Make the environment with a later Python, or pack without compiling: ',
    ],
    [
      'because it is ended at its work',
      async (directory) => {
        const killed = 'import os, sys\nsys.stdin.readline()\nos.kill(os.getpid(), 9)'
        const greeting = 'print(\'{"tag": "x"}\', flush=True)'
        await rm(python(directory))
        await writeFile(python(directory), `#!/usr/bin/env python3\n${greeting}\n${killed}\n`, {
          mode: 0o755,
        })
      },
      'venv-packer: .venv/bin/python does not compile: ended by SIGKILL\n',
    ],
  ])('%s no image is written, and the message says what to do', async (_, prepare, message) => {
    await withVenv(async (directory) => {
      await prepare(directory)
      expect(await refused(directory)).toContain(message)
    })
  })
})

it('if the temporary directory is full, no image is written, and the message names the directory', async () => {
  await withVenv(async (directory, sitePackages) => {
    await manyModules(join(sitePackages, 'many'), 150)
    await withTmpfs(async (small) => {
      const env = { TMPDIR: small }
      const { code, stderr } = await venvPacker(['pack', '.venv', '--compile'], { cwd: directory, env })
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(
          `venv-packer: the bytecode cannot be kept in the temporary directory ${small}: no space left on the device\n` +
            '  Free some space there, or name another directory in the variable TMPDIR.\n',
        ),
      })
      expect(await readdir(directory)).toEqual(['.venv'])
      expect(await readdir(small)).toEqual([])
    }, '1m')
  })
})

describe('interrupted while it compiles', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'by %s it ends its Python processes, leaves no file, and ends with %d',
    async (signal, code) => {
      await withVenv(async (directory, sitePackages) => {
        await manyModules(join(sitePackages, 'many'), 300)
        const temporary = join(directory, 'temporary')
        await mkdir(temporary)
        const child = start(['pack', '.venv', '--optimize', '0,1,2', '--threads', '2'], {
          cwd: directory,
          env: { TMPDIR: temporary },
        })
        const end = ended(child)
        const processes = await childrenOf(child, 2)
        child.kill(signal)
        expect(await end).toEqual({
          code,
          stdout: '',
          stderr: expect.stringContaining(
            `venv-packer: stopped by ${signal}; no image was written\n  Run it again to pack the venv.\n`,
          ),
        })
        expect(processes.filter(isRunning)).toEqual([])
        expect((await readdir(directory)).sort()).toEqual(['.venv', 'temporary'])
        expect(await readdir(temporary)).toEqual([])
      })
    },
  )
})

/** Modules that take long to compile. */
async function manyModules(directory: string, count: number): Promise<void> {
  await mkdir(directory)
  const sets = "\ndef f(x):\n    return x in {'a', 'bc', 'd_e', 1, 2.0, (3, None), '%'}\n"
  for (let n = 0; n < count; n++) {
    const lines = Array.from({ length: 60 }, (_, line) => `def name_${line * n}(a, b=${line}): return [a, b]`)
    await writeFile(join(directory, `module_${n}.py`), `"""Module ${n}."""\n${lines.join('\n')}\n${sets}`)
  }
}

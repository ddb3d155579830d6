/** Tests findings about the Python that runs an environment, which is rarely in the image. */
import { mkdir, mkdtemp, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DEBIAN_PYTHON, run, withDirectory } from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { venvPacker } from '../command.js'
import { always, checked, fineTemplate, type Template } from './environments.js'

let template: Template
beforeAll(async () => {
  template = await fineTemplate()
})
afterAll(() => template.remove())

/** Makes `bin/python` a symlink to another path. */
async function leadTo(venv: string, target: string): Promise<void> {
  await unlink(join(venv, 'bin', 'python'))
  await symlink(target, join(venv, 'bin', 'python'))
}

describe('an interpreter', () => {
  it('is followed through all symlinks', async () => {
    await template.copied(async (venv) => {
      const { of, json } = await checked(venv)
      const { stdout } = await run('readlink', ['--canonicalize', DEBIAN_PYTHON])
      const real = stdout.toString().trim()
      expect(of('INTERPRETER_OUTSIDE').places).toEqual([
        { path: 'bin/python', detail: expect.stringMatching(new RegExp(`(^| -> )${real}$`)) },
      ])
      expect(json.interpreter).toMatchObject({ path: 'bin/python', exists: true })
      expect((json.interpreter as { links: string[] }).links.at(-1)).toBe(real)
    })
  })

  it('that does not exist is an error', async () => {
    await template.copied(async (venv) => {
      await leadTo(venv, '/opt/python-that-is-gone/bin/python3')
      const { exitCode, found, of } = await checked(venv)
      expect({ exitCode, found }).toEqual({ exitCode: 1, found: ['error INTERPRETER_NOT_FOUND'] })
      expect(of('INTERPRETER_NOT_FOUND').places).toEqual([
        { path: 'bin/python', detail: '/opt/python-that-is-gone/bin/python3' },
      ])
    })
  })

  it('that is missing is an error', async () => {
    await template.copied(async (venv) => {
      for (const name of ['python', 'python3']) await unlink(join(venv, 'bin', name))
      expect((await checked(venv)).found).toEqual(['error INTERPRETER_MISSING'])
    })
  })

  it('whose symlinks form a loop is an error', async () => {
    await template.copied(async (venv) => {
      await leadTo(venv, 'python3')
      expect((await checked(venv)).found).toEqual(['error INTERPRETER_NOT_FOUND'])
    })
  })

  it('that may not be executed is an error', async () => {
    await template.copied(async (venv, directory) => {
      await writeFile(join(directory, 'python3'), '', { mode: 0o644 })
      await leadTo(venv, join(directory, 'python3'))
      expect((await checked(venv)).found).toEqual(['error INTERPRETER_NOT_EXECUTABLE'])
    })
  })

  it('in a home directory is a warning, with another remedy if uv installed it', async () => {
    const shared = await mkdtemp('/opt/venv-packer-home-')
    try {
      await template.copied(async (venv) => {
        const uv = join(shared, '.local/share/uv/python/cpython-3.11.2-linux-x86_64-gnu/bin')
        await mkdir(uv, { recursive: true })
        for (const path of [join(uv, 'python3'), join(shared, 'python3')]) {
          await symlink(DEBIAN_PYTHON, path)
          await leadTo(venv, path)
          expect((await checked(venv)).found).toEqual(always)
          const { found, of } = await checked(venv, [], { env: { HOME: shared } })
          expect(found).toEqual(['warning INTERPRETER_IN_HOME'])
          expect(of('INTERPRETER_IN_HOME').remedy.includes('UV_PYTHON_INSTALL_DIR')).toBe(
            path.includes('/uv/'),
          )
        }
      })
    } finally {
      await rm(shared, { recursive: true })
    }
  })

  it('in a temporary directory exists only on this node', async () => {
    await template.copied(async (venv, directory) => {
      await symlink(DEBIAN_PYTHON, join(directory, 'python3'))
      await leadTo(venv, join(directory, 'python3'))
      expect((await checked(venv)).found).toEqual(['warning INTERPRETER_IN_TEMPORARY_DIRECTORY'])
    })
  })

  it('in a user environment is a note, whether the uenv is started or not', async () => {
    await template.copied(async (venv) => {
      await leadTo(venv, '/user-environment/env/default/bin/python3.11')
      const { exitCode, found, of } = await checked(venv)
      expect({ exitCode, found }).toEqual({ exitCode: 0, found: ['note INTERPRETER_IN_UENV'] })
      expect(of('INTERPRETER_IN_UENV').message).toContain('not started here')
    })
  })

  it('that is a copy still needs the standard library of the original', async () => {
    await withDirectory(async (directory) => {
      const venv = join(directory, '.venv')
      await run(DEBIAN_PYTHON, ['-m', 'venv', '--copies', '--without-pip', venv])
      const { of } = await checked(venv, ['--mount-point', venv])
      expect(of('INTERPRETER_OUTSIDE').places).toEqual([{ path: 'bin/python', detail: '/usr/bin' }])
    })
  })
})

describe('the version of Python', () => {
  it('is compared with the directory of the packages', async () => {
    await template.copied(async (venv) => {
      const lib = join(venv, 'lib')
      const { stdout } = await run('ls', [lib])
      const own = stdout.toString().trim()
      await rename(join(lib, own), join(lib, 'python3.4'))
      const { exitCode, of } = await checked(venv)
      expect(exitCode).toBe(1)
      expect(of('PYTHON_VERSION')).toMatchObject({
        severity: 'error',
        message: expect.stringContaining(`there is no lib/${own}`),
        places: [{ path: 'lib/python3.4', detail: null }],
      })
    })
  })

  it('is that of the interpreter that the symlinks lead to, not of pyvenv.cfg', async () => {
    await template.copied(async (venv) => {
      const shared = await mkdtemp('/opt/venv-packer-python-')
      try {
        await run('cp', ['--dereference', DEBIAN_PYTHON, join(shared, 'python3.99')])
        await leadTo(venv, join(shared, 'python3.99'))
        expect((await checked(venv)).of('PYTHON_VERSION').message).toContain('Python 3.99')
      } finally {
        await rm(shared, { recursive: true })
      }
    })
  })
})

it('packages of the interpreter that the environment uses are reported, since they are not in the image', async () => {
  await template.copied(async (venv) => {
    const config = join(venv, 'pyvenv.cfg')
    const text = await readFile(config, 'utf8')
    await writeFile(config, text.replace('site-packages = false', 'site-packages = true'))
    const { found, of } = await checked(venv)
    expect(found).toEqual(['warning SYSTEM_SITE_PACKAGES', ...always])
    expect(of('SYSTEM_SITE_PACKAGES').message).toContain('/usr/bin')
  })
})

it('a directory that is not a virtual environment has no findings about the interpreter', async () => {
  await withDirectory(async (directory) => {
    await mkdir(join(directory, 'data'))
    const { exitCode, found } = await checked(join(directory, 'data'), ['--any-directory'])
    expect({ exitCode, found }).toEqual({ exitCode: 0, found: [] })
    const refused = await venvPacker(['check', join(directory, 'data')])
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is not a virtual environment'),
    })
  })
})

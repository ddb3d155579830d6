/** Tests findings about library paths (RPATH), with shared libraries made by the compiler. */
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { requireTools, run } from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { always, checked, fineTemplate, sitePackages, type Template } from './environments.js'

let template: Template
beforeAll(async () => {
  await requireTools(['gcc'])
  template = await fineTemplate()
})
afterAll(() => template.remove())

/** Links an empty shared library. */
async function link(path: string, ...options: readonly string[]): Promise<void> {
  await run('gcc', ['-shared', '-nostdlib', '-x', 'c', '/dev/null', '-o', path, ...options])
}

/** Two libraries, `one` and `other`, of which the first needs the second. */
async function addLibrary(venv: string, ...options: readonly string[]): Promise<string> {
  const libs = join(venv, 'lib', 'native')
  await mkdir(libs, { recursive: true })
  await link(join(libs, 'libother.so'), '-Wl,-soname,libother.so')
  await link(join(libs, 'libone.so'), `-L${libs}`, '-Wl,--no-as-needed', '-lother', ...options)
  return libs
}

describe('a library path', () => {
  it('relative to the library is fine, and so is none', async () => {
    await template.copied(async (venv) => {
      const origin = ['$', '{ORIGIN}'].join('')
      for (const path of ['', '$ORIGIN', `${origin}/../native:$ORIGIN/gone`]) {
        await addLibrary(venv, ...(path === '' ? [] : [`-Wl,-rpath,${path}`]))
        expect((await checked(venv)).found).toEqual(always)
      }
    })
  })

  it('with the path of the environment works at that path only, for RPATH and RUNPATH', async () => {
    await template.copied(async (venv) => {
      const libs = join(venv, 'lib', 'native')
      for (const kind of ['--disable-new-dtags', '--enable-new-dtags']) {
        await addLibrary(venv, `-Wl,${kind},-rpath,${libs}`)
        const { found, of } = await checked(venv)
        expect(found).toEqual(['warning LIBRARY_PATH_TO_THIS_PLACE', ...always])
        expect(of('LIBRARY_PATH_TO_THIS_PLACE').places).toEqual([
          { path: 'lib/native/libone.so', detail: libs },
        ])
        expect((await checked(venv, ['--mount-point', venv])).found).toEqual(always)
        // The loader does not find the library either if the environment is at another path.
        const elsewhere = `${venv}-elsewhere`
        await rename(venv, elsewhere)
        const { stdout } = await run('ldd', [join(elsewhere, 'lib', 'native', 'libone.so')])
        expect(stdout.toString()).toContain('libother.so => not found')
        await rename(elsewhere, venv)
      }
    })
  })

  it('with the path of the environment is fine if a relative directory has the library as well', async () => {
    await template.copied(async (venv) => {
      await addLibrary(venv, `-Wl,-rpath,${join(venv, 'lib', 'native')}:$ORIGIN`)
      expect((await checked(venv)).found).toEqual(always)
    })
  })

  it('to a directory that does not exist, outside, or in a home directory', async () => {
    await template.copied(async (venv, directory) => {
      await addLibrary(venv, '-Wl,-rpath,/opt/build/machine/lib:$ORIGIN')
      const missing = await checked(venv)
      expect(missing.found).toEqual([...always, 'note LIBRARY_PATH_MISSING'])
      expect(missing.of('LIBRARY_PATH_MISSING').places).toEqual([
        { path: 'lib/native/libone.so', detail: '/opt/build/machine/lib' },
      ])
      await addLibrary(venv, '-Wl,-rpath,/usr/lib')
      expect((await checked(venv)).found).toEqual([...always, 'note LIBRARY_PATH_OUTSIDE'])
      await addLibrary(venv, `-Wl,-rpath,${directory}`)
      expect((await checked(venv)).found).toEqual(['warning LIBRARY_PATH_IN_HOME', ...always])
    })
  })

  it('of a program in bin is read as well', async () => {
    await template.copied(async (venv) => {
      await link(join(venv, 'bin', 'tool'), '-Wl,-rpath,/opt/build/machine/lib')
      expect((await checked(venv)).of('LIBRARY_PATH_MISSING').places).toEqual([
        { path: 'bin/tool', detail: '/opt/build/machine/lib' },
      ])
    })
  })

  it('is not read from a file that only has the name of a library', async () => {
    await template.copied(async (venv) => {
      const libs = await addLibrary(venv)
      await writeFile(join(libs, 'libscript.so'), 'GROUP ( libone.so )\n')
      await writeFile(join(libs, 'libempty.so.1'), '')
      await writeFile(join(libs, 'libtrue.so.1.2'), '\u007fELF')
      await symlink('libone.so', join(libs, 'libone.so.1'))
      expect((await checked(venv)).found).toEqual(always)
    })
  })
})

describe('a compiled module', () => {
  it('for another Python or machine cannot be imported', async () => {
    await template.copied(async (venv) => {
      const site = await sitePackages(venv)
      const suffix = await run(join(venv, 'bin', 'python'), [
        '-c',
        'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))',
      ])
      const own = suffix.stdout.toString().trim()
      const [, machine] = /-(\w+)-linux/.exec(own) ?? []
      const foreign = own.replace(/cpython-\d+/, 'cpython-34')
      const alien = own.replace(`${machine}-linux`, 'sparc-linux')
      for (const name of [`fine${own}`, `both${own}`, `both${foreign}`, 'plain.so', 'stable.abi3.so'])
        await link(join(site, name))
      expect((await checked(venv)).found).toEqual(always)
      for (const name of [`old${foreign}`, `other${alien}`]) await link(join(site, name))
      const { found, of } = await checked(venv)
      expect(found).toEqual(['warning MODULE_FOR_ANOTHER_PYTHON', ...always])
      expect(of('MODULE_FOR_ANOTHER_PYTHON').places.map(({ path }) => path.split('/').at(-1))).toEqual([
        `old${foreign}`,
        `other${alien}`,
      ])
    })
  })
})

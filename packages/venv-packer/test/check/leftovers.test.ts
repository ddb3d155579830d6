/** Tests findings about files in an environment that nothing uses, with their number and size. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run, withDirectory } from 'fixtures'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { venvPacker } from '../command.js'
import {
  always,
  checked,
  fineTemplate,
  greeter,
  installWheel,
  makeFineVenv,
  sitePackages,
  type Template,
} from './environments.js'

let template: Template
beforeAll(async () => {
  template = await fineTemplate()
})
afterAll(() => template.remove())

it('caches of tools, with their share of the size', async () => {
  await template.copied(async (venv, cwd) => {
    await mkdir(join(venv, '.cache', 'pip', 'http'), { recursive: true })
    await writeFile(join(venv, '.cache', 'pip', 'http', 'body'), 'x'.repeat(1_000_000))
    const { found, of } = await checked(venv)
    expect(found).toEqual([...always, 'note CACHE'])
    const { places, size } = of('CACHE')
    expect(places).toEqual([{ path: '.cache', detail: null }])
    expect(size).toMatchObject({ inodes: 4, bytes: 1_000_000 })
    expect(size!.share).toBeGreaterThan(0.9)
    expect((await venvPacker(['check', '.venv'], { cwd })).stdout).toMatch(
      /\n {9}4 inodes, 1\.0 MB, 9\d\.\d % of the environment\n/,
    )
    expect((await checked(venv, ['--exclude', '.cache'])).found).toEqual(always)
  })
})

it("uv's own cache in the environment is known by its tag, the environment's own tag is not one", async () => {
  await withDirectory(async (directory) => {
    const venv = join(directory, '.venv')
    await makeFineVenv(venv, [])
    await installWheel(
      venv,
      greeter,
      '--compile-bytecode',
      '--link-mode',
      'copy',
      '--cache-dir',
      join(venv, 'kept'),
    )
    const { found, of } = await checked(venv)
    expect(found).toContain('note CACHE')
    expect(of('CACHE').places).toEqual([{ path: 'kept', detail: null }])
  })
})

it('packages that pip has not removed completely', async () => {
  await template.copied(async (venv) => {
    const site = await sitePackages(venv)
    await run('cp', ['-a', join(site, 'greeter'), join(site, '~reeter')])
    const { found, of } = await checked(venv)
    expect(found).toEqual([...always, 'note HALF_REMOVED'])
    expect(of('HALF_REMOVED').places).toEqual([{ path: expect.stringMatching(/\/~reeter$/), detail: null }])
  })
})

it('bytecode of other Pythons and programs, and temporary files of an interrupted compilation', async () => {
  await template.copied(async (venv) => {
    const cache = join(await sitePackages(venv), 'greeter', '__pycache__')
    for (const name of ['words.cpython-34.pyc', 'words.pypy39.opt-1.pyc', 'words.cpython-311.pyc.140213'])
      await writeFile(join(cache, name), 'x'.repeat(100))
    await run('cp', [join(cache, 'words.cpython-34.pyc'), join(cache, 'words.cpython-311-pytest-8.3.4.pyc')])
    const { found, of } = await checked(venv)
    expect(found).toEqual([...always, 'note OTHER_BYTECODE'])
    const { message, places, size } = of('OTHER_BYTECODE')
    expect(message).toContain('(cpython-311-pytest-8.3.4, cpython-34, pypy39, unfinished files)')
    expect(places).toHaveLength(4)
    expect(size).toMatchObject({ inodes: 4, bytes: 400 })
  })
})

it('packages of another Python', async () => {
  await template.copied(async (venv) => {
    const site = await sitePackages(venv)
    const other = join(venv, 'lib', 'python3.4')
    await run('cp', ['-a', join(site, '..'), other])
    const { found, of } = await checked(venv)
    expect(found).toEqual([...always, 'note OTHER_PYTHON'])
    const { stdout } = await run('sh', ['-c', `find "$0" -type f -printf '%s+'; echo 0`, other])
    const bytes = stdout
      .toString()
      .trim()
      .split('+')
      .reduce((sum, size) => sum + Number(size), 0)
    expect(of('OTHER_PYTHON').size).toMatchObject({ bytes })
  })
})

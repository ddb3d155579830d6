/** Tests findings about symlinks: dangling ones, and those that lead out of the environment or to its current path. */
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withDirectory } from 'fixtures'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  always,
  checked,
  fineTemplate,
  greeter,
  installWheel,
  makeFineVenv,
  type Template,
} from './environments.js'

let template: Template
beforeAll(async () => {
  template = await fineTemplate()
})
afterAll(() => template.remove())

/** Makes symlinks in the directory `links` of an environment. */
async function addLinks(venv: string, links: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(venv, 'links'), { recursive: true })
  for (const [name, target] of Object.entries(links)) await symlink(target, join(venv, 'links', name))
}

it('that stay in the environment are fine, through any directories', async () => {
  await template.copied(async (venv) => {
    await addLinks(venv, {
      up: '../bin/activate',
      by: 'up',
      directory: '../lib64',
      through: 'directory/../bin',
      self: '.',
    })
    expect((await checked(venv)).found).toEqual(always)
  })
})

it('that are dangling are listed with their targets', async () => {
  await template.copied(async (venv, directory) => {
    const links = { gone: '../gone', absolute: '/scratch/gone', circle: 'circle', file: '../pyvenv.cfg/x' }
    await addLinks(venv, { ...links, own: join(venv, 'gone'), above: '../../gone' })
    const { found, of } = await checked(venv)
    expect(found).toEqual(['warning LINK_DANGLING', ...always])
    expect(of('LINK_DANGLING').places).toEqual([
      { path: 'links/above', detail: '../../gone' },
      { path: 'links/absolute', detail: '/scratch/gone' },
      { path: 'links/circle', detail: 'circle' },
      { path: 'links/file', detail: '../pyvenv.cfg/x' },
      { path: 'links/gone', detail: '../gone' },
      { path: 'links/own', detail: `${directory}/.venv/gone` },
    ])
  })
})

it('that lead out of the environment are listed, absolute and relative', async () => {
  await template.copied(async (venv, directory) => {
    await writeFile(join(directory, 'beside'), '')
    await addLinks(venv, {
      etc: '/etc/hostname',
      beside: '../../beside',
      twice: 'etc',
      through: '../links/../../beside',
    })
    const { found, of } = await checked(venv)
    expect(found).toEqual(['warning LINK_OUTSIDE', ...always])
    expect(of('LINK_OUTSIDE').places.map(({ path }) => path)).toEqual([
      'links/beside',
      'links/etc',
      'links/through',
      'links/twice',
    ])
  })
})

it('that are absolute and lead into the environment work only at its current path', async () => {
  await template.copied(async (venv) => {
    await addLinks(venv, { own: join(venv, 'bin', 'activate') })
    const { found, of } = await checked(venv)
    expect(found).toEqual(['warning LINK_TO_THIS_PLACE', ...always])
    expect(of('LINK_TO_THIS_PLACE').places).toEqual([
      { path: 'links/own', detail: join(venv, 'bin', 'activate') },
    ])
    expect((await checked(venv, ['--mount-point', '/scratch/x'])).found).toEqual(found)
    expect((await checked(venv, ['--mount-point', venv])).found).toEqual(always)
  })
})

it('to excluded paths are dangling in the image', async () => {
  await template.copied(async (venv) => {
    await mkdir(join(venv, 'large'))
    await writeFile(join(venv, 'large', 'file'), '')
    await addLinks(venv, { link: '../large/file' })
    expect((await checked(venv)).found).toEqual(always)
    expect((await checked(venv, ['--exclude', 'large'])).found).toEqual(['warning LINK_DANGLING', ...always])
  })
})

it("into uv's cache, of which packages consist with --link-mode=symlink, make the image useless", async () => {
  await withDirectory(async (directory) => {
    const venv = join(directory, '.venv')
    await makeFineVenv(venv, [])
    const cache = join(directory, 'cache')
    await installWheel(venv, greeter, '--link-mode', 'symlink', '--cache-dir', cache)
    const { exitCode, found, of } = await checked(venv)
    expect(exitCode).toBe(1)
    expect(found[0]).toBe('error LINK_TO_UV_CACHE')
    expect(of('LINK_TO_UV_CACHE').places.map(({ path }) => path)).toContainEqual(
      expect.stringMatching(/site-packages\/greeter\/__init__\.py$/),
    )
  })
})

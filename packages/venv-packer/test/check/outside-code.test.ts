/** Tests findings about code that is not in the environment: editable installs, and directories that .pth files add. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findUv, run } from 'fixtures'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { always, checked, fineTemplate, sitePackages, type Template } from './environments.js'

let template: Template
beforeAll(async () => {
  template = await fineTemplate()
})
afterAll(() => template.remove())

/** A project with its own build backend, so that no index is needed. Its editable wheel contains a .pth file. */
async function makeProject(directory: string): Promise<string> {
  const project = join(directory, 'my project')
  await mkdir(join(project, 'src', 'mine'), { recursive: true })
  await writeFile(join(project, 'src', 'mine', '__init__.py'), 'x = 1\n')
  await writeFile(
    join(project, 'pyproject.toml'),
    '[project]\nname = "mine"\nversion = "1.0"\n' +
      '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
  )
  await writeFile(
    join(project, 'backend.py'),
    `
import os, zipfile
def build_editable(directory, config=None, metadata=None):
    name = 'mine-1.0-py3-none-any.whl'
    with zipfile.ZipFile(os.path.join(directory, name), 'w') as wheel:
        wheel.writestr('_mine.pth', os.path.abspath('src') + '\\n')
        info = 'mine-1.0.dist-info/'
        wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: mine\\nVersion: 1.0\\n')
        wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr(info + 'RECORD', '')
    return name
`,
  )
  return project
}

async function installEditable(venv: string, project: string): Promise<void> {
  const options = [
    '--quiet',
    '--offline',
    '--no-cache',
    '--compile-bytecode',
    '--python',
    join(venv, 'bin', 'python'),
  ]
  await run(await findUv(), ['pip', 'install', ...options, '--editable', project])
}

it('an editable install is listed once, with the directory of its code', async () => {
  await template.copied(async (venv, directory) => {
    const project = await makeProject(directory)
    await installEditable(venv, project)
    const { exitCode, found, of } = await checked(venv)
    expect({ exitCode, found }).toEqual({ exitCode: 0, found: ['warning EDITABLE_INSTALL', ...always] })
    const site = (await sitePackages(venv)).slice(venv.length + 1)
    expect(of('EDITABLE_INSTALL').places).toEqual([{ path: `${site}/mine-1.0.dist-info`, detail: project }])
    await run('rm', ['-r', project])
    expect((await checked(venv)).of('EDITABLE_INSTALL').places[0]?.detail).toBe(`${project} (does not exist)`)
  })
})

it('in an environment made by uv, the remedy is also for a project of uv', async () => {
  await template.copied(async (venv, directory) => {
    await installEditable(venv, await makeProject(directory))
    expect((await checked(venv)).of('EDITABLE_INSTALL').remedy).toContain('uv sync --no-editable')
  })
})

it('one whose code is in the environment works only at the current path of the environment', async () => {
  await template.copied(async (venv) => {
    await mkdir(join(venv, 'src'))
    await installEditable(venv, await makeProject(join(venv, 'src')))
    expect((await checked(venv, ['--mount-point', venv])).found).toEqual(always)
    for (const options of [[], ['--mount-point', '/scratch/x']]) {
      const { found, of } = await checked(venv, options)
      expect(found).toEqual(['warning CODE_PATH_TO_THIS_PLACE', ...always])
      expect(of('CODE_PATH_TO_THIS_PLACE').effect).toContain('The code is in the image')
    }
    expect((await checked(venv, ['--exclude', 'src'])).found).toContain('warning EDITABLE_INSTALL')
  })
})

it('directories outside that a .pth file adds are listed; directories inside, comments and code are fine', async () => {
  await template.copied(async (venv, directory) => {
    const site = await sitePackages(venv)
    await mkdir(join(site, 'more'))
    await mkdir(join(directory, 'shared code'))
    await writeFile(join(site, 'fine.pth'), '# /a/remark\n\nmore\nimport sys; sys.x = "/a/b"\n../more\n')
    expect((await checked(venv)).found).toEqual(always)
    await writeFile(join(site, 'bad.pth'), `${directory}/shared code\n/scratch/gone\r\n../../../../beside\n`)
    const { found, of } = await checked(venv)
    expect(found).toEqual(['warning PTH_OUTSIDE', ...always])
    const path = `${site.slice(venv.length + 1)}/bad.pth`
    await mkdir(join(venv, 'src'))
    await writeFile(join(site, 'own.pth'), `${venv}/src\n`)
    expect((await checked(venv)).of('CODE_PATH_TO_THIS_PLACE').places).toEqual([
      { path: `${site.slice(venv.length + 1)}/own.pth`, detail: `${venv}/src` },
    ])
    expect(of('PTH_OUTSIDE').places).toEqual([
      { path, detail: `${directory}/shared code` },
      { path, detail: '/scratch/gone (does not exist)' },
      { path, detail: `${directory}/beside (does not exist)` },
    ])
  })
})

it('the .egg-link of an older tool is an editable install, too', async () => {
  await template.copied(async (venv, directory) => {
    const site = await sitePackages(venv)
    await writeFile(join(site, 'old.egg-link'), `${directory}/old\n.`)
    await writeFile(join(site, 'easy-install.pth'), `${directory}/old\n`)
    const { found, of } = await checked(venv)
    expect(found).toEqual(['warning EDITABLE_INSTALL', ...always])
    expect(of('EDITABLE_INSTALL').places[0]?.path).toMatch(/site-packages\/old\.egg-link$/)
  })
})

it('an invalid direct_url.json or RECORD is no error', async () => {
  await template.copied(async (venv) => {
    const info = join(await sitePackages(venv), 'greeter-1.0.dist-info')
    for (const text of ['', '{', '[]', 'null', '{"url": 1, "dir_info": {"editable": true}}', '\u00ff'])
      for (const name of ['direct_url.json', 'RECORD']) {
        await writeFile(join(info, name), text)
        expect((await checked(venv)).exitCode).toBe(0)
      }
  })
})

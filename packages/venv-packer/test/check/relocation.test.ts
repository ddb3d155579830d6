/** Tests findings about environments and scripts that work at one path only. */
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEBIAN_PYTHON, findUv, run, withDirectory } from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { venvPacker } from '../command.js'
import {
  always,
  buildWheel,
  checked,
  fineTemplate,
  greeter,
  installWheel,
  type Template,
  type Wheel,
} from './environments.js'

/** An environment with pip in it, from which pip installs into others. */
let pipVenv: string
beforeAll(async () => {
  pipVenv = await mkdtemp(join(tmpdir(), 'venv-packer-pip-'))
  await run(DEBIAN_PYTHON, ['-m', 'venv', pipVenv])
})
afterAll(() => rm(pipVenv, { recursive: true, force: true }))

async function pipInstall(venv: string, wheel: Wheel): Promise<void> {
  await withDirectory(async (directory) => {
    const into = ['--python', join(venv, 'bin', 'python'), 'install', '--quiet', '--no-index']
    await run(join(pipVenv, 'bin', 'python'), ['-m', 'pip', ...into, await buildWheel(directory, wheel)])
  })
}

/** An environment of `python -m venv`, with a package that pip installed. */
async function makePipVenv(venv: string): Promise<void> {
  await run(DEBIAN_PYTHON, ['-m', 'venv', '--without-pip', venv])
  await pipInstall(venv, greeter)
}

describe('an environment made by python -m venv', () => {
  let directory: string
  let venv: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'venv-packer-fixed-'))
    venv = join(directory, '.venv')
    await makePipVenv(venv)
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))

  it('works only at the path where it was made; the scripts that contain it are listed', async () => {
    const { exitCode, found, of, json } = await checked(venv)
    expect({ exitCode, found }).toEqual({ exitCode: 0, found: ['warning NOT_RELOCATABLE', ...always] })
    const { message, remedy, places } = of('NOT_RELOCATABLE')
    expect(message).toContain(`made for ${venv}`)
    expect(remedy).toContain(`Mount the image at ${venv}`)
    expect(places.map(({ path }) => path)).toEqual([
      'bin/activate',
      'bin/activate.csh',
      'bin/activate.fish',
      'bin/greet',
    ])
    expect(json.mount).toEqual({ point: venv, anywhere: false })
  })

  it('is fine if that path is the mount point, however it is written', async () => {
    await symlink(directory, join(directory, 'link'))
    for (const path of [venv, `${venv}/`, `${directory}/x/../.venv`, `${directory}/link/.venv`]) {
      expect((await checked(venv, ['--mount-point', path])).found).toEqual(always)
    }
    expect((await checked(venv, ['--mount-point', '.venv'], { cwd: directory })).found).toEqual(always)
  })

  it('cannot be used at another mount point', async () => {
    const { exitCode, found, of } = await checked(venv, ['--mount-point', '/scratch/other'])
    expect({ exitCode, found }).toEqual({ exitCode: 1, found: ['error MOUNT_POINT', ...always] })
    expect(of('MOUNT_POINT').message).toContain(`made for ${venv}, not for /scratch/other`)
  })

  it('that was moved still works only at the path where it was made', async () => {
    const moved = join(directory, 'moved')
    await rename(venv, moved)
    try {
      const { of, json } = await checked(moved)
      expect(of('NOT_RELOCATABLE').message).toContain(`made for ${venv}, though it lies at ${moved} now`)
      expect(json.mount).toEqual({ point: venv, anywhere: false })
      expect((await checked(moved, ['--mount-point', venv])).found).toEqual(always)
      expect((await checked(moved, ['--mount-point', moved])).found).toContain('error MOUNT_POINT')
      const packed = await venvPacker(['pack', 'moved'], { cwd: directory })
      expect(packed.stdout).toContain(`squashfuse ${directory}/moved.squashfs ${venv}\n`)
    } finally {
      await rename(moved, venv)
    }
  })

  it('may contain scripts of another one, which are listed', async () => {
    const scripts = {
      old: '#!/scratch/old/.venv/bin/python3\n',
      'of-system': '#!/usr/bin/python3\n',
      'looked-up': '#!/usr/bin/env python3\n',
    }
    for (const [name, text] of Object.entries(scripts)) await writeFile(join(venv, 'bin', name), text)
    const { of } = await checked(venv)
    expect(of('SCRIPT_FOR_ANOTHER_PLACE').places).toEqual([{ path: 'bin/old', detail: '/scratch/old/.venv' }])
    expect(of('NOT_RELOCATABLE').message).toContain(`made for ${venv}`)
    for (const name of Object.keys(scripts)) await rm(join(venv, 'bin', name))
  })
})

it('scripts are parsed for paths that are long, or contain spaces and quotes', async () => {
  for (const name of [`a 'b' c`, 'long-name-'.repeat(14)]) {
    await withDirectory(async (directory) => {
      const venv = join(directory, name)
      await makePipVenv(venv)
      expect((await checked(venv, ['--mount-point', venv])).found).toEqual(always)
      const paths = (await checked(venv)).of('NOT_RELOCATABLE').places.map(({ path }) => path)
      expect(paths).toEqual(expect.arrayContaining(['bin/activate', 'bin/greet']))
    })
  }
})

it('an environment made by uv without --relocatable works at one path, for every shell it knows', async () => {
  await withDirectory(async (directory) => {
    const venv = join(directory, '.venv')
    await run(await findUv(), ['venv', '--quiet', '--python', DEBIAN_PYTHON, venv])
    await installWheel(venv, greeter)
    const { places } = (await checked(venv)).of('NOT_RELOCATABLE')
    expect(places.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'bin/activate',
        'bin/activate.csh',
        'bin/activate.fish',
        'bin/activate.nu',
        'bin/greet',
      ]),
    )
    expect((await checked(venv, ['--mount-point', venv])).found).toEqual(always)
  })
})

describe('a relocatable environment', () => {
  let template: Template
  beforeAll(async () => {
    template = await fineTemplate()
  })
  afterAll(() => template.remove())

  it('has scripts that work at one path only if pip installed a package', async () => {
    await template.copied(async (venv) => {
      await pipInstall(venv, {
        name: 'other',
        files: { 'other.py': 'x = 1\n' },
        command: ['other', 'other:x'],
      })
      const { found, of } = await checked(venv)
      expect(found).toEqual(['warning SCRIPT_NOT_RELOCATABLE', ...always])
      expect(of('SCRIPT_NOT_RELOCATABLE').places).toEqual([{ path: 'bin/other', detail: venv }])
      expect((await checked(venv, ['--mount-point', venv])).found).toEqual(always)
    })
  })

  it('may have scripts for some shells that contain an absolute path, which does not affect bash and zsh', async () => {
    await template.copied(async (venv, directory) => {
      const fixed = join(directory, 'fixed')
      await run(await findUv(), ['venv', '--quiet', '--python', DEBIAN_PYTHON, fixed])
      for (const shell of ['csh', 'nu'])
        await writeFile(
          join(venv, 'bin', `activate.${shell}`),
          (await readFile(join(fixed, 'bin', `activate.${shell}`), 'utf8')).replaceAll(fixed, venv),
        )
      const { found, of } = await checked(venv)
      expect(found).toEqual([...always, 'note ACTIVATE_NOT_RELOCATABLE'])
      expect(of('ACTIVATE_NOT_RELOCATABLE').message).toContain('for csh, nushell')
      expect(of('ACTIVATE_NOT_RELOCATABLE').places).toEqual([
        { path: 'bin/activate.csh', detail: venv },
        { path: 'bin/activate.nu', detail: venv },
      ])
    })
  })

  it('may have scripts of another environment, which do not start', async () => {
    await template.copied(async (venv) => {
      const other = '/scratch/uv/builds-v0/.tmpX'
      await writeFile(join(venv, 'bin', 'built'), `#!${other}/bin/python\n`, { mode: 0o755 })
      for (const options of [[], ['--mount-point', venv]]) {
        const { found, of } = await checked(venv, options)
        expect(found).toEqual(['warning SCRIPT_FOR_ANOTHER_PLACE', ...always])
        expect(of('SCRIPT_FOR_ANOTHER_PLACE').places).toEqual([{ path: 'bin/built', detail: other }])
      }
      expect((await checked(venv, ['--mount-point', other])).found).toEqual(always)
    })
  })

  it('may have a Jupyter kernel that starts Python by its path', async () => {
    await template.copied(async (venv) => {
      const kernel = join(venv, 'share', 'jupyter', 'kernels', 'mine')
      await mkdir(kernel, { recursive: true })
      const argv = [join(venv, 'bin', 'python'), '-m', 'ipykernel_launcher']
      await writeFile(join(kernel, 'kernel.json'), JSON.stringify({ argv, display_name: 'mine' }))
      const { found, of } = await checked(venv)
      expect(found).toEqual(['warning KERNEL_NOT_RELOCATABLE', ...always])
      const { places, remedy } = of('KERNEL_NOT_RELOCATABLE')
      expect(places).toEqual([{ path: 'share/jupyter/kernels/mine/kernel.json', detail: venv }])
      expect(remedy).toBe('Set argv[0] in each kernel.json to "python", or remove the kernel spec.')
      expect((await checked(venv, ['--mount-point', venv])).found).toEqual(always)
      await writeFile(join(kernel, 'kernel.json'), JSON.stringify({ argv: ['python'], display_name: 'mine' }))
      expect((await checked(venv)).found).toEqual(always)
    })
  })
})

describe('an environment of conda', () => {
  it('is packed for its prefix only, which its files contain, and the error says so', async () => {
    await withDirectory(async (directory) => {
      const prefix = join(directory, 'conda')
      for (const name of ['conda-meta', 'bin']) await mkdir(join(prefix, name), { recursive: true })
      await writeFile(join(prefix, 'conda-meta', 'history'), '')
      await symlink(DEBIAN_PYTHON, join(prefix, 'bin', 'python'))
      await writeFile(join(prefix, 'bin', 'tool'), `#!${prefix}/bin/python\n`, { mode: 0o755 })
      const refused = await venvPacker(['pack', 'conda'], { cwd: directory })
      expect(refused).toEqual({
        code: 1,
        stdout: '',
        stderr:
          `venv-packer: conda is an environment of conda, not a virtual environment: its files name their prefix, ${prefix}\n` +
          `  To pack it, to be mounted at that prefix alone: --any-directory --mount-point ${prefix}.\n` +
          `    venv-packer pack conda --any-directory --mount-point ${prefix}\n`,
      })
      const { of, json } = await checked(prefix, ['--any-directory'])
      expect(of('NOT_RELOCATABLE').message).toContain(`it was made for ${prefix}`)
      expect(json.mount).toEqual({ point: prefix, anywhere: false })
      expect((await checked(prefix, ['--any-directory', '--mount-point', prefix])).found).not.toContain(
        'warning NOT_RELOCATABLE',
      )
      const elsewhere = await checked(prefix, ['--any-directory', '--mount-point', '/opt/x'])
      expect(elsewhere.found).toContain('error MOUNT_POINT')
      const packed = await venvPacker(['pack', 'conda', '--any-directory'], { cwd: directory })
      expect(packed.stdout).not.toContain('any directory')
      const { stderr } = await venvPacker(['run', 'conda.squashfs', '--', 'python'], { cwd: directory })
      expect(stderr).toContain('holds an environment of conda, which works at its prefix alone')
      const line = ['run', 'conda.squashfs', '--at', prefix, '--', 'tool']
      expect(await venvPacker(line, { cwd: directory })).toEqual({ code: 0, stdout: '', stderr: '' })
      expect(packed.stdout).toContain(`squashfuse ${directory}/conda.squashfs ${prefix}\n`)
    })
  })
})

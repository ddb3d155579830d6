/** Tests `venv-packer diff`: the packages that differ between two environments. */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SMALL_PACKAGE, smallVenv, withDirectory, withMount } from 'fixtures'
import { expect, it } from 'vitest'
import { venvPacker } from './command.js'

/** The directory for packages of an environment. */
async function sitePackages(venv: string): Promise<string> {
  const [python = ''] = await readdir(join(venv, 'lib'))
  return join(venv, 'lib', python, 'site-packages')
}

it('lists the packages that were added, removed and changed since an image was packed', async () => {
  await withDirectory(async (cwd) => {
    const venv = join(cwd, '.venv')
    await smallVenv(venv)
    const packages = await sitePackages(venv)
    for (const name of ['Old_Name-1.0', 'same.one-2.0']) await mkdir(join(packages, `${name}.dist-info`))
    await venvPacker(['pack', '.venv'], { cwd })
    const info = `${SMALL_PACKAGE}-1.0.dist-info`
    await rename(join(packages, info), join(packages, info.replace('1.0', '1.1rc1+local')))
    await rm(join(packages, 'Old_Name-1.0.dist-info'), { recursive: true })
    for (const name of ['new-name-3', '~ranch-1', '__pycache__'])
      await mkdir(join(packages, `${name}.dist-info`))
    await writeFile(join(venv, 'pyvenv.cfg'), 'home = /usr/bin\nversion = 3.99.1\n')
    await withMount(join(cwd, 'venv.squashfs'), async (mounted) => {
      const { code, stdout, stderr } = await venvPacker(['diff', mounted, '.venv'], { cwd })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const lines = stdout.split('\n')
      expect(lines.slice(0, 2)).toEqual([`from ${mounted} to .venv`, ''])
      expect(lines[2]).toMatch(/^ {2}python {5}3\.\d+\.\d+ -> 3\.99\.1$/)
      expect(lines.slice(3)).toEqual([
        '  added      new-name 3',
        '  removed    old-name 1.0',
        `  changed    ${SMALL_PACKAGE} 1.0 -> 1.1rc1+local`,
        '  unchanged  1 package',
        '',
      ])
      const json = await venvPacker(['diff', mounted, '.venv', '--json'], { cwd })
      expect(JSON.parse(json.stdout)).toMatchObject({
        ok: true,
        command: 'diff',
        old: { path: mounted },
        new: { path: venv, python: '3.99.1' },
        added: [{ name: 'new-name', version: '3' }],
        removed: [{ name: 'old-name', version: '1.0' }],
        changed: [{ name: SMALL_PACKAGE, old: '1.0', new: '1.1rc1+local' }],
        unchanged: 1,
      })
    })
  })
})

it('accepts images and environments in any combination', async () => {
  await withDirectory(async (cwd) => {
    const venv = join(cwd, '.venv')
    await smallVenv(venv)
    await venvPacker(['pack', '.venv', '-o', 'old.squashfs'], { cwd })
    const packages = await sitePackages(venv)
    const info = `${SMALL_PACKAGE}-1.0.dist-info`
    await rename(join(packages, info), join(packages, info.replace('1.0', '1.1')))
    await venvPacker(['pack', '.venv', '-o', 'new.squashfs', '--compression', 'gzip'], { cwd })
    for (const [old, now] of [
      ['old.squashfs', '.venv'],
      ['old.squashfs', 'new.squashfs'],
    ] as const) {
      const { code, stdout, stderr } = await venvPacker(['diff', old, now], { cwd })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toBe(
        `from ${old} to ${now}\n\n  changed    ${SMALL_PACKAGE} 1.0 -> 1.1\n  unchanged  0 packages\n`,
      )
    }
    const back = await venvPacker(['diff', '.venv', 'old.squashfs', '--json'], { cwd })
    expect(JSON.parse(back.stdout)).toMatchObject({
      old: { path: venv },
      new: { path: join(cwd, 'old.squashfs'), python: expect.stringMatching(/^3\./) },
      changed: [{ name: SMALL_PACKAGE, old: '1.1', new: '1.0' }],
    })
  })
})

it('refuses directories and images without an environment, and files that are not images', async () => {
  await withDirectory(async (cwd) => {
    await mkdir(join(cwd, '.venv'))
    await writeFile(join(cwd, '.venv', 'pyvenv.cfg'), '')
    await mkdir(join(cwd, 'data'))
    await writeFile(join(cwd, 'text'), 'text')
    await venvPacker(['pack', 'data', '--any-directory'], { cwd })
    for (const [path, message] of [
      ['.', '. is not a virtual environment'],
      ['data.squashfs', 'data.squashfs holds no virtual environment'],
      ['text', 'text is not a squashfs image'],
      ['nothing', 'nothing does not exist'],
    ] as const) {
      const { code, stdout, stderr } = await venvPacker(['diff', '.venv', path], { cwd })
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toContain(`venv-packer: ${message}`)
    }
  })
})

/** Tests that an image gets the same findings as the environment that it was packed from. */
import { cp, mkdir, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { venvPacker } from '../command.js'
import { fineTemplate, sitePackages, type Template } from './environments.js'

let template: Template
beforeAll(async () => {
  template = await fineTemplate()
})
afterAll(() => template.remove())

/** Causes findings of several rules. */
async function spoil(venv: string): Promise<void> {
  const site = await sitePackages(venv)
  await symlink('nothing', join(venv, 'dangling'))
  await symlink('/etc/hostname', join(venv, 'outside'))
  await writeFile(join(venv, 'bin', 'nowhere'), '#!/usr/local/nope/python3\n', { mode: 0o755 })
  await writeFile(join(site, 'elsewhere.pth'), '/opt/elsewhere\n')
  await unlink(join(site, 'greeter', 'words.py'))
  await rm(join(site, 'greeter', '__pycache__'), { recursive: true })
  await cp('/usr/bin/true', join(venv, 'bin', 'tool'))
  await mkdir(join(venv, '.git'))
  await writeFile(join(venv, '.git', 'HEAD'), 'ref: refs/heads/main\n')
  await run('mkfifo', [join(venv, 'pipe')])
}

interface Judged {
  readonly code: number | string | null
  readonly found: Readonly<Record<string, unknown>>
}

/** The JSON without the path and the duration. */
async function judged(cwd: string, ...args: readonly string[]): Promise<Judged> {
  const { code, stdout } = await venvPacker(['check', ...args, '--json'], { cwd })
  const { seconds, source, ...found } = JSON.parse(stdout)
  return { code, found }
}

describe('the image of an environment', () => {
  it.each([
    ['as it was made', async () => {}],
    ['that would not work', spoil],
  ] as const)('%s has the findings that the environment has', async (_, change) => {
    await template.copied(async (venv, cwd) => {
      await change(venv)
      await venvPacker(['pack', '.venv', '-o', 'image.squashfs', '--no-check'], { cwd })
      for (const options of [[], ['--mount-point', '/scratch/me/venv'], ['--strict'], ['--exclude', '*.pth']])
        expect(await judged(cwd, 'image.squashfs', ...options)).toEqual(
          await judged(cwd, '.venv', ...options),
        )
    })
  })

  it('is checked without the environment, and described', async () => {
    await template.copied(async (venv, cwd) => {
      await spoil(venv)
      await venvPacker(['pack', '.venv', '-o', 'image.squashfs', '--no-check'], { cwd })
      await rm(venv, { recursive: true })
      const { code, stdout, stderr } = await venvPacker(['check', 'image.squashfs'], { cwd })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/^image\.squashfs: [\d,]+ inodes, .* as an image 1 inode, /)
      expect(stdout).toContain('[SCRIPT_WITHOUT_INTERPRETER]')
      const { stdout: json } = await venvPacker(['check', 'image.squashfs', '--json'], { cwd })
      expect(JSON.parse(json).source).toMatchObject({
        path: join(cwd, 'image.squashfs'),
        image: { bytes: expect.any(Number) },
        venv: true,
      })
    })
  })
})

it('a file that is not an image, and an image without an environment, are reported', async () => {
  await template.copied(async (venv, cwd) => {
    const noImage = await venvPacker(['check', '.venv/pyvenv.cfg'], { cwd })
    expect(noImage).toMatchObject({ code: 1, stderr: expect.stringContaining('is not a squashfs image') })
    await unlink(join(venv, 'pyvenv.cfg'))
    await venvPacker(['pack', '.venv', '-o', 'any.squashfs', '--any-directory', '--no-check'], { cwd })
    const noVenv = await venvPacker(['check', 'any.squashfs'], { cwd })
    expect(noVenv).toMatchObject({ code: 1, stderr: expect.stringContaining('holds no virtual environment') })
    expect((await venvPacker(['check', 'any.squashfs', '--any-directory'], { cwd })).code).toBe(0)
  })
})

/** Tests the check as a part of pack: its findings, and when it stops the packing. */
import { readdir, symlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { venvPacker } from '../command.js'
import { fineTemplate, type Template } from './environments.js'

let template: Template
beforeAll(async () => {
  template = await fineTemplate()
})
afterAll(() => template.remove())

/** Two warnings. */
async function spoil(venv: string): Promise<void> {
  await symlink('nothing', join(venv, 'dangling'))
  await symlink('/etc/hostname', join(venv, 'outside'))
}

it('prints nothing about an environment without findings', async () => {
  await template.copied(async (_venv, cwd) => {
    const { code, stdout, stderr } = await venvPacker(['pack', '.venv', '--strict'], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toMatch(/^ {2}check/m)
  })
})

it('shows its warnings and errors in the summary, one line each, and packs', async () => {
  await template.copied(async (venv, cwd) => {
    await spoil(venv)
    await unlink(join(venv, 'bin', 'python'))
    await symlink('/opt/gone/bin/python3', join(venv, 'bin', 'python'))
    const { code, stdout, stderr } = await venvPacker(['pack', '.venv'], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(
      '\n  check      1 error, 2 warnings; for details: venv-packer check .venv\n' +
        '             the interpreter leads to a Python that does not exist here [INTERPRETER_NOT_FOUND]\n' +
        '             symlinks are dangling: their targets do not exist [LINK_DANGLING]\n' +
        '             symlinks lead out of the environment [LINK_OUTSIDE]\n',
    )
    expect(await readdir(cwd)).toContain('venv.squashfs')
  })
})

it('gives all its findings to --json, as venv-packer check does', async () => {
  await template.copied(async (venv, cwd) => {
    await spoil(venv)
    const packed = JSON.parse((await venvPacker(['pack', '.venv', '--json'], { cwd })).stdout)
    const found = JSON.parse((await venvPacker(['check', '.venv', '--json'], { cwd })).stdout)
    expect(packed.findings).toEqual(found.findings)
    expect(packed.findings.map(({ code }: { code: string }) => code)).toContain('LINK_OUTSIDE')
    expect(packed.inodes).toBe(found.inodes)
    expect(packed.bytesIn).toBe(found.bytes)
  })
})

it('with --strict stops before anything is written', async () => {
  await template.copied(async (venv, cwd) => {
    await symlink('nothing', join(venv, 'dangling'))
    expect(await venvPacker(['pack', '.venv', '--strict'], { cwd })).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'venv-packer: .venv does not pass the check: symlinks are dangling: their targets do not exist (LINK_DANGLING); no image was written\n' +
        '  venv-packer check .venv shows what to do. Without --strict it is packed all the same.\n' +
        '    venv-packer check .venv\n',
    })
    await symlink('/etc/hostname', join(venv, 'outside'))
    const { stderr } = await venvPacker(['pack', '.venv', '--strict'], { cwd })
    expect(stderr.split('\n').slice(0, 3)).toEqual([
      'venv-packer: .venv does not pass the check; no image was written',
      '  dangling: symlinks are dangling: their targets do not exist (LINK_DANGLING)',
      '  outside: symlinks lead out of the environment (LINK_OUTSIDE)',
    ])
    const json = JSON.parse((await venvPacker(['pack', '.venv', '--strict', '--json'], { cwd })).stdout)
    expect(json.error).toMatchObject({
      code: 'CHECK_FAILED',
      path: venv,
      paths: [
        { path: 'dangling', code: 'LINK_DANGLING' },
        { path: 'outside', code: 'LINK_OUTSIDE' },
      ],
    })
    expect(await readdir(cwd)).toEqual(['.venv'])
    const without = ['--exclude', 'dangling', '--exclude', 'outside']
    expect(await venvPacker(['pack', '.venv', '--strict', ...without], { cwd })).toMatchObject({ code: 0 })
  })
})

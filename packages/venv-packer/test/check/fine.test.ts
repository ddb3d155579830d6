/** Tests an environment without problems: the check has no findings, and changes nothing. */
import { join } from 'node:path'
import { differences, run, survey } from 'fixtures'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { venvPacker } from '../command.js'
import { always, checked, fineTemplate, type Template } from './environments.js'

let template: Template
beforeAll(async () => {
  template = await fineTemplate()
})
afterAll(() => template.remove())

it('has no errors and no warnings: relocatable, compiled, its interpreter installed for everyone', async () => {
  await template.copied(async (venv) => {
    const { exitCode, found, json } = await checked(venv, ['--strict'])
    expect({ exitCode, found }).toEqual({ exitCode: 0, found: always })
    expect(json).toMatchObject({ passed: true, mount: { point: null, anywhere: true } })
  })
})

it('has no errors for any mount point', async () => {
  await template.copied(async (venv) => {
    const { found } = await checked(venv, ['--mount-point', '/scratch/elsewhere'])
    expect(found).toEqual(always)
  })
})

it('prints a few lines about the environment', async () => {
  await template.copied(async (venv, cwd) => {
    const { code, stdout, stderr } = await venvPacker(['check', '.venv'], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { stdout: version } = await run(join(venv, 'bin', 'python'), ['-V'])
    expect(stdout).toMatch(/^\.venv: \d+ inodes, [\d.]+ kB \(\d+ files, \d+ directories, \d+ symlinks\); /)
    expect(stdout).toContain(`\n  python  ${version.toString().replace('Python ', '').trim()} for `)
    expect(stdout).toContain('\n  mount   anywhere: the environment is relocatable\n')
    expect(stdout).toMatch(/\n\n1 note: fit to be packed\n$/)
  })
})

it('is not changed by the check', async () => {
  await template.copied(async (venv) => {
    const before = await survey(venv)
    await checked(venv)
    expect(differences(before, await survey(venv))).toEqual([])
  })
})

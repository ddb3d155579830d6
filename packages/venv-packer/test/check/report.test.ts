/** Tests the reports of the check: text, with and without a terminal, JSON, and the exit code. */
import { mkdir, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launcher, venvPacker } from '../command.js'
import { onTerminal } from '../terminal.js'
import { always, checked, fineTemplate, sitePackages, type Template } from './environments.js'

let template: Template
beforeAll(async () => {
  template = await fineTemplate()
})
afterAll(() => template.remove())

/** Causes a warning. */
async function spoil(venv: string): Promise<void> {
  for (const name of ['a', 'b', 'c', 'd']) await symlink('nothing', join(venv, `link-${name}`))
}

/** Causes an error. */
async function ruin(venv: string): Promise<void> {
  await unlink(join(venv, 'bin', 'python'))
  await symlink('/opt/gone/bin/python3', join(venv, 'bin', 'python'))
}

describe('the exit code', () => {
  it('is 0 for notes, 0 for warnings, 1 for errors; with --strict 1 for warnings as well', async () => {
    await template.copied(async (venv, cwd) => {
      const codes = async () => [
        (await venvPacker(['check', '.venv', '--quiet'], { cwd })).code,
        (await venvPacker(['check', '.venv', '--quiet', '--strict'], { cwd })).code,
      ]
      expect(await codes()).toEqual([0, 0])
      await spoil(venv)
      expect(await codes()).toEqual([0, 1])
      await ruin(venv)
      expect(await codes()).toEqual([1, 1])
    })
  })

  it('is the only result with --quiet', async () => {
    await template.copied(async (venv, cwd) => {
      await ruin(venv)
      expect(await venvPacker(['check', '.venv', '-q'], { cwd })).toEqual({ code: 1, stdout: '', stderr: '' })
    })
  })
})

describe('for people', () => {
  it('each finding has a message, paths, effect and remedy; the most severe come first', async () => {
    await template.copied(async (venv, cwd) => {
      await spoil(venv)
      await ruin(venv)
      const { code, stdout, stderr } = await venvPacker(['check', '.venv'], { cwd })
      expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
      const error = stdout.indexOf('\n\nerror    the interpreter leads to a Python that does not exist here')
      const warning = stdout.indexOf(
        '\n\nwarning  symlinks are dangling: their targets do not exist [LINK_DANGLING]\n' +
          '           link-a: nothing\n' +
          '           link-b: nothing\n' +
          '           link-c: nothing\n' +
          '           and 1 more; --json lists them all\n' +
          '         They are packed unchanged, ',
      )
      expect(error).toBeGreaterThan(0)
      expect(warning).toBeGreaterThan(error)
      expect(stdout).toMatch(/\n {9}-> Remove them, or restore their targets\.\n/)
      expect(stdout).toMatch(/\n\n1 error, 1 warning\n$/)
    })
  })

  it('output that is not a terminal has no control characters, and lines are not wrapped', async () => {
    await template.copied(async (venv, cwd) => {
      await spoil(venv)
      const { stdout } = await venvPacker(['check', '.venv'], { cwd, env: { FORCE_COLOR: '1' } })
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point.
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
      expect(stdout).toMatch(/\n.{90,}\n/)
    })
  })

  it('a terminal gets colours and lines that fit, but no colours with NO_COLOR or TERM=dumb', async () => {
    await template.copied(async (venv, cwd) => {
      await spoil(venv)
      const command = [process.execPath, launcher, 'check', '.venv']
      const written = async (env: Readonly<Record<string, string>>) =>
        (await onTerminal({ command, cwd, columns: 70, env: { TERM: 'xterm', NO_COLOR: '', ...env } }))
          .written
      const coloured = await written({})
      expect(coloured).toContain('\u001b[33mwarning\u001b[39m  ')
      for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }] as const) {
        const plain = await written(env)
        expect(plain).not.toContain('\u001b')
        // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one.
        expect(plain).toBe(coloured.replace(/\u001b\[\d+m/g, ''))
        const text = plain.slice(plain.indexOf('\r\n\r\nwarning'), plain.indexOf('packages '))
        for (const line of text.split('\r\n')) expect(line.length).toBeLessThanOrEqual(70)
      }
    })
  })
})

describe('--json', () => {
  it('prints one object with the fields that the README shows', async () => {
    await template.copied(async (venv, cwd) => {
      await spoil(venv)
      const { json, exitCode } = await checked(venv)
      expect(exitCode).toBe(0)
      expect(json).toEqual({
        ok: true,
        command: 'check',
        version: expect.any(String),
        passed: true,
        source: {
          path: venv,
          image: null,
          venv: true,
          relocatable: true,
          python: expect.stringMatching(/^3\.\d+\.\d+/),
        },
        interpreter: { path: 'bin/python', links: expect.any(Array), exists: true },
        mount: { point: null, anywhere: true },
        inodes: expect.any(Number),
        files: expect.any(Number),
        directories: expect.any(Number),
        symlinks: 8,
        others: 0,
        bytes: expect.any(Number),
        findings: expect.any(Array),
        packages: expect.any(Array),
        seconds: expect.any(Number),
      })
      expect((json.findings as object[])[0]).toEqual({
        code: 'LINK_DANGLING',
        severity: 'warning',
        message: expect.any(String),
        effect: expect.any(String),
        remedy: expect.any(String),
        count: 4,
        places: ['a', 'b', 'c', 'd'].map((name) => ({ path: `link-${name}`, detail: 'nothing' })),
        size: null,
      })
      expect((await checked(venv, ['--strict'])).json.passed).toBe(false)
      const failed = await venvPacker(['check', 'nothing', '--json'], { cwd })
      expect(failed).toMatchObject({ code: 1, stderr: '' })
      expect(JSON.parse(failed.stdout)).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } })
    })
  })
})

describe('--exclude and --any-directory mean the same as for pack', () => {
  it('an excluded path is not reported', async () => {
    await template.copied(async (venv) => {
      const site = await sitePackages(venv)
      await mkdir(join(venv, 'wrong', '.cache'), { recursive: true })
      for (const name of ['fifo.pth', 'x.so', 'y.py']) await writeFile(join(venv, 'wrong', name), 'x')
      await symlink('/gone', join(venv, 'wrong', 'link'))
      await symlink('/gone', join(site, 'other-link'))
      expect((await checked(venv)).found).not.toEqual(always)
      expect((await checked(venv, ['--exclude', 'wrong', '--exclude', '**/other-*'])).found).toEqual(always)
    })
  })

  it('any directory is checked by the rules that apply to it', async () => {
    await template.copied(async (venv) => {
      await rm(join(venv, 'pyvenv.cfg'))
      await spoil(venv)
      const { found, json } = await checked(venv, ['--any-directory'])
      expect(found.filter((one) => !one.includes('LINK_'))).toEqual([])
      expect(found).toContain('warning LINK_DANGLING')
      expect(json).toMatchObject({
        source: { image: null, venv: false, relocatable: null, python: null },
        interpreter: null,
      })
    })
  })
})

/** Tests that a renewal takes over blocks of the replaced image, reports that, and gives the same image and findings. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fineTemplate, type Template } from './check/environments.js'
import { venvPacker } from './command.js'

let template: Template
beforeAll(async () => {
  template = await fineTemplate()
})
afterAll(() => template.remove())

/** Waits until all files are old enough to count as certainly unchanged. */
const AGE = 2_200

interface Json {
  readonly files: number
  readonly findings: readonly unknown[]
  readonly base: {
    readonly files: number
    readonly compared: number
    readonly path: string
    readonly problem: { readonly code: string } | null
  } | null
}

describe('a renewal', () => {
  it('reads only changed files, and gives the same image and findings', async () => {
    await template.copied(async (venv, cwd) => {
      const env = { XDG_CACHE_HOME: join(cwd, 'cache') }
      const pack = async (...args: string[]): Promise<Json> => {
        const { code, stdout } = await venvPacker(['pack', venv, ...args, '--json'], { cwd, env })
        expect(code).toBe(0)
        return JSON.parse(stdout)
      }
      await writeFile(join(venv, 'bin/broken'), '#!/nowhere/python3\nprint(1)\n', { mode: 0o755 })
      await setTimeout(AGE)
      const first = await pack('-o', 'venv.squashfs')
      expect(first.base).toBeNull()
      await writeFile(join(venv, 'bin/new'), '#!/nowhere/python4\nprint(12345)\n', { mode: 0o755 })

      const renewed = await pack('-o', 'venv.squashfs', '--keep', '1')
      expect(renewed.base).toMatchObject({ files: first.files, compared: 0, problem: null })
      const other = await pack('-o', 'other.squashfs', '--base', 'venv.squashfs.1')
      expect(other.base).toMatchObject({ files: first.files, problem: null })
      const plain = await pack('-o', 'plain.squashfs')
      const without = await pack('-o', 'plain.squashfs', '--force', '--no-base')
      expect([plain.base, without.base]).toEqual([null, null])
      for (const one of [renewed, other, without]) expect(one.findings).toEqual(plain.findings)
      const images = ['venv', 'other', 'plain'].map((name) => readFile(join(cwd, `${name}.squashfs`)))
      const [one, two, three] = await Promise.all(images)
      expect([one!.equals(three!), two!.equals(three!)]).toEqual([true, true])
    })
  })

  it('reports what was taken over, and why not more', async () => {
    await template.copied(async (venv, cwd) => {
      await setTimeout(AGE)
      const summary = async (cache: string) => {
        const line = ['pack', venv, '-o', 'venv.squashfs', '--force']
        const { code, stdout, stderr } = await venvPacker(line, { cwd, env: { XDG_CACHE_HOME: cache } })
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        return stdout
      }
      const cache = join(cwd, 'cache')
      expect(await summary(cache)).not.toContain('taken over')
      expect(await summary(cache)).toMatch(
        /taken over +\d+ files unread, .* from venv\.squashfs; all of it took /,
      )
      // A cache directory that does not exist and cannot be made.
      const none = await summary('/dev/null/cache')
      expect(none).toMatch(/taken over .* from venv\.squashfs\n +there is no record of its packing/)
    })
  })

  it('keeps its records in files that only their owner can read', async () => {
    await template.copied(async (venv, cwd) => {
      const env = { XDG_CACHE_HOME: join(cwd, 'cache') }
      const { code } = await venvPacker(['pack', venv, '-o', 'venv.squashfs', '--quiet'], { cwd, env })
      expect(code).toBe(0)
      const directory = join(cwd, 'cache/venv-packer/records')
      const names = await readdir(directory)
      expect(names).toHaveLength(1)
      const modes = await Promise.all([directory, join(directory, names[0]!)].map((path) => stat(path)))
      expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o600])
    })
  })

  it('refuses an empty name of a base', async () => {
    const { code, stderr } = await venvPacker(['pack', '.', '--base', ''])
    expect([code, stderr]).toEqual([2, expect.stringContaining('--base is empty')])
  })
})

/** Tests the system calls of the check on a slow network file system: no more calls than packing needs, and many at once. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { METADATA_CALLS, withLustre } from 'fixtures'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { venvPacker } from '../command.js'
import { fineTemplate, type Template } from './environments.js'

let template: Template
beforeAll(async () => {
  template = await fineTemplate()
})
afterAll(() => template.remove())

/** Files in many directories, of which the check reads parts. */
const LOOKED_INTO = 200

async function fill(venv: string): Promise<void> {
  for (let n = 0; n < LOOKED_INTO; n += 5) {
    const directory = join(venv, 'share', `${n}`)
    await mkdir(directory, { recursive: true })
    for (let m = n; m < n + 5; m++) await writeFile(join(directory, `lib${m}.so`), `no library ${m}`)
  }
}

it('the environment is walked once, for the check and the packing together', async () => {
  await template.copied(async (venv, cwd) => {
    await fill(venv)
    await withLustre(venv, { xattrs: [] }, async ({ directory, calls }) => {
      const callsOf = async (...args: string[]) => {
        await calls()
        const { code, stderr } = await venvPacker(args, { cwd })
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        return await calls()
      }
      const image = join(cwd, 'image.squashfs')
      const alone = await callsOf('pack', directory, '-o', image, '--no-check', '--force', '--no-base')
      const both = await callsOf('pack', directory, '-o', image, '--force', '--no-base')
      const check = await callsOf('check', directory)
      expect(both.opendir).toBe(alone.opendir)
      expect(check.opendir).toBe(alone.opendir)
      expect(both.listxattr).toBe(alone.listxattr)
      // The check reads its parts of files while they are packed.
      expect(both.open).toBe(alone.open)
      expect(check.open).toBeGreaterThan(LOOKED_INTO)
      expect(check.open).toBeLessThan(alone.open!)
      const metadata = (found: Readonly<Record<string, number>>) =>
        METADATA_CALLS.reduce((sum, call) => sum + (found[call] ?? 0), 0)
      // The findings follow a few links: to the interpreter above all. On a busy machine the kernel asks more than once, because
      // its cached attributes are too old by then: so the best of some tries counts, and half a call for each file is still too many.
      const more: number[] = [metadata(both) - metadata(alone)]
      while (Math.min(...more) >= 10 && more.length < 4) {
        const again = metadata(
          await callsOf('pack', directory, '-o', image, '--no-check', '--force', '--no-base'),
        )
        more.push(metadata(await callsOf('pack', directory, '-o', image, '--force', '--no-base')) - again)
      }
      expect(Math.min(...more)).toBeLessThan(LOOKED_INTO / 2)
    })
  })
})

it('on a slow network file system many calls are made at once', async () => {
  await template.copied(async (venv, cwd) => {
    await fill(venv)
    await withLustre(venv, { delay: 2, xattrs: [] }, async ({ directory, atOnce }) => {
      await atOnce()
      expect(await venvPacker(['check', directory, '--quiet'], { cwd })).toMatchObject({ code: 0 })
      expect(await atOnce()).toBeGreaterThanOrEqual(8)
    })
  })
})

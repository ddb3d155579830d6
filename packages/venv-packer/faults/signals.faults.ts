/** Tests SIGINT, SIGTERM and SIGKILL at any moment after the first quarter of the work, in which Node starts. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Ended, venvPacker } from '../test/command.js'
import { chanceOf, runs } from './chance.js'
import {
  expectExplained,
  expectOnlyImage,
  imageAt,
  type Place,
  packAndMeanwhile,
  packing,
  recordRun,
  remove,
  renew,
  undisturbed,
  withPlace,
} from './runs.js'

describe.concurrent('at 100 moments, a packing that gets', () => {
  it.for([
    ['SIGINT', 130, 33],
    ['SIGTERM', 143, 33],
  ] as const)(
    '%s leaves the complete old or the complete new image and nothing else',
    async ([signal, code, count]) => {
      const chance = chanceOf(signal)
      await withPlace(async (place) => {
        const { hash, work } = await undisturbed(place)
        for (const _ of runs(count)) {
          const end = await packAndMeanwhile(
            packing(place),
            chance.integer(Math.floor(work / 4), work),
            async (kill) => {
              await setTimeout(chance.integer(0, 30)) // also hits moments in which the process waits
              kill(signal)
            },
          )
          const image = await imageAt(place, hash)
          recordRun({ fault: signal, image, code: end.code })
          await expectOnlyImage(place)
          expectEndsWell(end, signal, code, image)
          await renew(place)
        }
      })
    },
  )

  it('SIGKILL leaves one of them as well, and the next run removes only the partial file of the killed run', async () => {
    const chance = chanceOf('SIGKILL')
    await withPlace(async (place) => {
      const { hash, work } = await undisturbed(place)
      for (const _ of runs(34)) {
        const end = await packAndMeanwhile(
          packing(place),
          chance.integer(Math.floor(work / 4), work),
          async (kill) => {
            await setTimeout(chance.integer(0, 30))
            kill('SIGKILL')
          },
        )
        const image = await imageAt(place, hash)
        recordRun({ fault: 'SIGKILL', image, code: end.code })
        expect(image).toBe(end.code === 0 ? 'new' : image)
        await expectTidied(place)
        await renew(place)
      }
    })
  })
})

/**
 * Expects one of: the documented exit code; the end by the signal, before the handler is set or after the packing;
 * success.
 */
function expectEndsWell(end: Ended, signal: NodeJS.Signals, code: number, image: 'old' | 'new'): void {
  if (end.code === 0) expect(image).toBe('new')
  else if (end.code === signal) expect(end.stderr).toBe('')
  else {
    expect({ code: end.code, image }).toEqual({ code, image: 'old' })
    expectExplained(end, `stopped by ${signal}; no image was written`, /Run it again/)
  }
}

async function expectTidied(place: Place): Promise<void> {
  const left = (await readdir(place.directory)).filter((name) => name !== 'venv.squashfs')
  expect(left.length).toBeLessThanOrEqual(1)
  expect(left.every((name) => /^\.venv\.squashfs\..*\.partial$/.test(name))).toBe(true)
  const others = [
    '.venv.squashfs.partial',
    'venv.squashfs.1',
    ...left.map((name) => name.replace('.venv.', '.other.')),
    ...left.map((name) => `${name}.bak`),
  ]
  for (const name of others) await writeFile(join(place.directory, name), 'of others')
  const nothing = join(place.cwd, 'nothing')
  await mkdir(nothing, { recursive: true })
  expect(await venvPacker(packing({ source: nothing, image: place.image }))).toMatchObject({ code: 0 })
  expect((await readdir(place.directory)).sort()).toEqual([...others, 'venv.squashfs'].sort())
  for (const name of others) await remove(join(place.directory, name))
}

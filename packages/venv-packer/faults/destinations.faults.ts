/** Tests destinations that cannot be written, that vanish, or that are symlinks. */
import { lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { run, withTmpfs } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { venvPacker } from '../test/command.js'
import { chanceOf, runs } from './chance.js'
import {
  expectExplained,
  expectOnlyImage,
  imageAt,
  packAndMeanwhile,
  packing,
  placeIn,
  recordRun,
  renew,
  undisturbed,
  withPlace,
} from './runs.js'

describe('a destination', () => {
  it('that is a directory or a dangling symlink is refused, and nothing is changed', async () => {
    await withPlace(async (place) => {
      mkdirSync(join(place.directory, 'directory'))
      symlinkSync('nowhere', join(place.directory, 'link'))
      for (const [name, message, remedy] of [
        ['directory', /is a directory/, /Name a file: --output/],
        ['link', /is a symlink to nothing/, /Remove it, or name another image/],
      ] as const) {
        const end = await venvPacker(packing({ ...place, image: join(place.directory, name) }))
        recordRun({
          fault: `destination is a ${name === 'link' ? 'symlink to nothing' : name}`,
          image: await imageAt(place, ''),
          code: end.code,
        })
        expect(end.code).toBe(1)
        expectExplained(end, message, remedy)
        expect(readdirSync(place.directory).sort()).toEqual(['directory', 'link', 'venv.squashfs'])
        expect(readdirSync(join(place.directory, 'directory'))).toEqual([])
      }
    })
  })

  it('that is a symlink is followed, also to another filesystem, and the symlink stays', async () => {
    await withPlace(async (place) => {
      const { hash } = await undisturbed(place)
      await withTmpfs(async (directory) => {
        const elsewhere = placeIn(place.cwd, directory)
        await renew(elsewhere)
        const link = join(place.directory, 'link')
        symlinkSync(elsewhere.image, link)
        const end = await venvPacker(packing({ ...place, image: link }))
        const image = await imageAt(elsewhere, hash)
        recordRun({ fault: 'destination is a symlink to another filesystem', image, code: end.code })
        expect({ code: end.code, image }).toEqual({ code: 0, image: 'new' })
        expect(lstatSync(link).isSymbolicLink()).toBe(true)
        await expectOnlyImage(elsewhere)
        expect(readdirSync(place.directory).sort()).toEqual(['link', 'venv.squashfs'])
      })
    })
  })

  it('on a read-only filesystem is refused', async () => {
    await withPlace(async (place) => {
      await withTmpfs(async (directory) => {
        const fixed = placeIn(place.cwd, directory)
        await renew(fixed)
        await run('mount', ['-o', 'remount,ro', directory])
        const end = await venvPacker(packing(fixed))
        const image = await imageAt(fixed, '')
        recordRun({ fault: 'destination is read-only', image, code: end.code })
        expect({ code: end.code, image }).toEqual({ code: 1, image: 'old' })
        expectExplained(
          end,
          `${fixed.image} cannot be written: the file system is read-only`,
          /Use a writable file system/,
        )
        await expectOnlyImage(fixed)
      })
    })
  })

  it('in a directory that is removed during the packing is an error, and no other is made', async () => {
    const chance = chanceOf('directory of the image is removed')
    await withPlace(async (place) => {
      const { work } = await undisturbed(place)
      for (const _ of runs(8)) {
        const end = await packAndMeanwhile(packing(place), chance.integer(0, work), () =>
          rmSync(place.directory, { recursive: true, maxRetries: 5 }),
        )
        recordRun({ fault: 'destination is gone', image: 'gone', code: end.code })
        expect(await readdir(place.cwd)).toEqual(['source'])
        if (end.code !== 0) {
          expect(end.code).toBe(1)
          expectExplained(
            end,
            `${place.image} cannot be written: the directory does not exist`,
            /Create it with mkdir -p/,
          )
        }
        await mkdir(place.directory)
        await renew(place)
      }
    })
  })
})

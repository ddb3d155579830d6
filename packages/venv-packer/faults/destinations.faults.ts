/** Places that take no image, or stop doing so, or take it elsewhere. */
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
  renew,
  tell,
  undisturbed,
  withPlace,
} from './runs.js'

describe('an image that is to go', () => {
  it('to a directory, or where a symlink leads nowhere, is refused and nothing is touched', async () => {
    await withPlace(async (place) => {
      mkdirSync(join(place.directory, 'directory'))
      symlinkSync('nowhere', join(place.directory, 'link'))
      for (const [name, told, remedy] of [
        ['directory', /is a directory/, /Name a file: --output/],
        ['link', /is a symlink to nothing/, /Remove it, or name another image/],
      ] as const) {
        const end = await venvPacker(packing({ ...place, image: join(place.directory, name) }))
        tell({
          fault: `destination is a ${name === 'link' ? 'symlink to nothing' : name}`,
          image: await imageAt(place, ''),
          code: end.code,
        })
        expect(end.code).toBe(1)
        expectExplained(end, told, remedy)
        expect(readdirSync(place.directory).sort()).toEqual(['directory', 'link', 'venv.squashfs'])
        expect(readdirSync(join(place.directory, 'directory'))).toEqual([])
      }
    })
  })

  it('where a symlink leads, also to another filesystem, goes there, and the symlink stays', async () => {
    await withPlace(async (place) => {
      const { hash } = await undisturbed(place)
      await withTmpfs(async (directory) => {
        const elsewhere = placeIn(place.cwd, directory)
        await renew(elsewhere)
        const link = join(place.directory, 'link')
        symlinkSync(elsewhere.image, link)
        const end = await venvPacker(packing({ ...place, image: link }))
        const image = await imageAt(elsewhere, hash)
        tell({ fault: 'destination is a symlink to another filesystem', image, code: end.code })
        expect({ code: end.code, image }).toEqual({ code: 0, image: 'new' })
        expect(lstatSync(link).isSymbolicLink()).toBe(true)
        await expectOnlyImage(elsewhere)
        expect(readdirSync(place.directory).sort()).toEqual(['link', 'venv.squashfs'])
      })
    })
  })

  it('to a filesystem that is read-only is refused', async () => {
    await withPlace(async (place) => {
      await withTmpfs(async (directory) => {
        const fixed = placeIn(place.cwd, directory)
        await renew(fixed)
        await run('mount', ['-o', 'remount,ro', directory])
        const end = await venvPacker(packing(fixed))
        const image = await imageAt(fixed, '')
        tell({ fault: 'destination is read-only', image, code: end.code })
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

  it('to a directory that is removed meanwhile has no place any more, and none is made up', async () => {
    const chance = chanceOf('directory of the image is removed')
    await withPlace(async (place) => {
      const { work } = await undisturbed(place)
      for (const _ of runs(8)) {
        const end = await packAndMeanwhile(packing(place), chance.integer(0, work), () =>
          rmSync(place.directory, { recursive: true, maxRetries: 5 }),
        )
        tell({ fault: 'destination is gone', image: 'gone', code: end.code })
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

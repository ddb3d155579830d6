/** Tests disks that are full or fail at some byte, and files that may not be read. */
import { chmod, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { withLustre, withTmpfs } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { venvPacker } from '../test/command.js'
import { chanceOf, runs } from './chance.js'
import {
  expectExplained,
  expectOnlyImage,
  imageAt,
  packing,
  placeIn,
  recordRun,
  renew,
  someDirectory,
  someFile,
  undisturbed,
  withPlace,
} from './runs.js'

describe('a packing', () => {
  it('whose disk is full at some byte keeps the old image and reports it, or fits', async () => {
    const chance = chanceOf('disk full')
    await withPlace(async (place) => {
      const { hash, size } = await undisturbed(place)
      for (const _ of runs(12)) {
        // Whole pages. The old image takes one.
        const freeBytes = 4096 * chance.integer(2, Math.ceil(size / 4096) + 20)
        await withTmpfs(async (directory) => {
          const small = placeIn(place.cwd, directory)
          await renew(small)
          const end = await venvPacker(packing(small))
          const image = await imageAt(small, hash)
          recordRun({ fault: 'disk full', image, code: end.code })
          await expectOnlyImage(small)
          expect(end.code).toBe(image === 'new' ? 0 : 1)
          if (end.code === 1)
            expectExplained(
              end,
              `${small.image} cannot be written: no space left on the device`,
              /Free some space there, or name another place with --output\./,
            )
        }, `${freeBytes}`)
      }
    })
  })

  it('whose source fails at some byte (EIO) keeps the old image and names the file', async () => {
    const chance = chanceOf('read error')
    await withPlace(async (place) => {
      for (const _ of runs(6)) {
        const path = someFile(chance)
        const { size } = await stat(join(place.source, path))
        const onRead = [{ path, offset: chance.integer(0, size), act: 'error' }] as const
        const end = await withLustre(place.source, { onRead, xattrs: [] }, (lustre) =>
          venvPacker(packing({ source: lustre.directory, image: place.image })),
        )
        const image = await imageAt(place, '')
        recordRun({ fault: 'read error', image, code: end.code })
        await expectOnlyImage(place)
        expect({ code: end.code, image }).toEqual({ code: 1, image: 'old' })
        expectExplained(
          end,
          new RegExp(`${path} in .* cannot be read: .*i/o error`),
          /^ {2}Their disk fails: /,
        )
      }
    })
  })

  it('that may not read a file or a directory keeps the old image and names it', async () => {
    const chance = chanceOf('permission denied')
    await withPlace(async (place) => {
      for (const _ of runs(6)) {
        const path = chance.oneOf([someFile, someDirectory])(chance)
        const { mode } = await stat(join(place.source, path))
        await chmod(join(place.source, path), 0)
        const end = await venvPacker(packing(place), { boundByPermissions: true })
        await chmod(join(place.source, path), mode)
        const image = await imageAt(place, '')
        recordRun({ fault: 'permission denied', image, code: end.code })
        await expectOnlyImage(place)
        expect({ code: end.code, image }).toEqual({ code: 1, image: 'old' })
        expectExplained(
          end,
          `${path} in ${place.source} cannot be read: permission denied`,
          /^ {2}Make them readable/,
        )
      }
    })
  })
})

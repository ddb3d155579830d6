/** Tests packing while files and directories change. */
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { survey, type TreeState, unsquash } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { ended, start } from '../test/command.js'
import { type Chance, chanceOf, runs } from './chance.js'
import {
  expectExplained,
  expectOnlyImage,
  fill,
  old,
  type Place,
  packAndMeanwhile,
  packing,
  recordRun,
  remove,
  renew,
  someDirectory,
  someFile,
  undisturbed,
  withPlace,
} from './runs.js'

/** A kind of change: its name, how to choose a path, and the change itself. */
type Change = readonly [fault: string, choose: (chance: Chance) => string, act: (path: string) => void]

describe('at some moment of a packing', () => {
  it.each<Change>([
    ['file vanishes', someFile, (path) => rmSync(path)],
    ['file shrinks', someFile, (path) => truncateSync(path, 1)],
    ['file grows', someFile, (path) => appendFileSync(path, 'more')],
    ['file changes in place', someFile, (path) => writeFileSync(path, 'Z', { flag: 'r+' })],
    ['file becomes another', someFile, (path) => replace(path, (at) => writeFileSync(at, 'another'))],
    ['directory is removed', someDirectory, (path) => rmSync(path, { recursive: true })],
    ['directory becomes another', someDirectory, (path) => replace(path, (at) => mkdirSync(at))],
  ])('a %s: the image is complete, or still the old one', async (fault, choose, act) => {
    const chance = chanceOf(fault)
    await withPlace(async (place) => {
      const { work } = await undisturbed(place)
      for (const _ of runs(6)) {
        const path = choose(chance)
        const before = await survey(place.source)
        const end = await packAndMeanwhile(packing(place), chance.integer(Math.floor(work / 3), work), () =>
          act(join(place.source, path)),
        )
        const image = (await readFile(place.image)).equals(Buffer.from(old)) ? 'old' : 'new'
        recordRun({ fault, image, code: end.code })
        await expectOnlyImage(place)
        expect({ code: end.code, image }).toEqual(
          image === 'old' ? { code: 1, image } : { code: 0, image: 'new' },
        )
        if (image === 'old')
          expectExplained(end, path, /Pack again when nothing changes the directory any more\./)
        else await expectComplete(place, path, before)
        await remove(place.source)
        await fill(place.source)
        await renew(place)
      }
    })
  })

  it('a directory is swapped for a symlink and back repeatedly: no file of the target is packed', async () => {
    const chance = chanceOf('swap')
    await withPlace(async (place) => {
      const secret = 'a secret that lies elsewhere'
      const outside = join(place.cwd, 'outside')
      mkdirSync(outside)
      // The same names and sizes.
      for (let file = 0; file < 12; file++)
        writeFileSync(join(outside, `file-${file}`), secret.repeat(500).slice(0, 5 * 500 * file))
      for (const _ of runs(8)) {
        const directory = join(place.source, someDirectory(chance))
        const end = ended(
          start([
            ...packing(place).filter((word) => word !== '--level' && word !== '9'),
            '--compression',
            'none',
          ]),
        )
        let over = false
        const result = end.finally(() => {
          over = true
        })
        while (!over) {
          renameSync(directory, `${directory}.away`)
          symlinkSync(outside, directory)
          await setTimeout(chance.integer(0, 3))
          rmSync(directory)
          renameSync(`${directory}.away`, directory)
          await setTimeout(chance.integer(0, 3))
        }
        const { code } = await result
        const bytes = await readFile(place.image)
        const image = bytes.equals(Buffer.from(old)) ? 'old' : 'new'
        recordRun({ fault: 'directory is swapped for a symlink', image, code })
        expect(code).toBe(image === 'new' ? 0 : 1)
        expect(bytes.includes(secret)).toBe(false)
        await expectOnlyImage(place)
        await renew(place)
      }
    })
  })
})

/** Replaces a path by renames, so that the new file is complete when it appears. */
function replace(path: string, make: (path: string) => void): void {
  make(`${path}.new`)
  renameSync(path, `${path}.away`)
  renameSync(`${path}.new`, path)
}

/**
 * Expects unchanged files to be packed as they were. A changed path may be packed as it was before or after the change,
 * also under its temporary name, or not at all.
 */
async function expectComplete(place: Place, touched: string, before: TreeState): Promise<void> {
  const extracted = join(place.cwd, 'extracted')
  await unsquash(place.image, extracted)
  const packed = factsOf(await survey(extracted))
  await remove(extracted)
  const [was, is] = [factsOf(before), factsOf(await survey(place.source))]
  const names = new Set([...was.keys(), ...packed.keys()])
  const wrong = [...names].filter((name) => {
    const found = packed.get(name)
    return name.startsWith(touched)
      ? ![was.get(name), is.get(name), is.get(touched), undefined].includes(found)
      : found !== was.get(name)
  })
  expect(wrong.map((name) => [name, packed.get(name)])).toEqual([])
}

function factsOf(tree: TreeState): Map<string, string> {
  return new Map([...tree].map(([name, { type, size, sha256 }]) => [name, `${type} ${size} ${sha256}`]))
}

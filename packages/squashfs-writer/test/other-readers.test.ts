// Readers that share no code with unsquashfs, the kernel or us: what they make of our images.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  differences,
  entriesOf,
  expectedState,
  type Facet,
  ON_DISK,
  rdsquashfsList,
  rdsquashfsUnpack,
  run,
  sevenZipExtract,
  sevenZipList,
  sevenZipTest,
  survey,
  type TreeModel,
  thoroughTree,
  withSquashfuse,
  withTmpfs,
} from 'fixtures'
import { type Codec, gzip, portableGzip, uncompressed, writeImage, zstd } from 'squashfs-writer'
import { describe, expect, it } from 'vitest'

const CODECS: readonly (readonly [string, Codec])[] = [
  ['zstd', zstd()],
  ['gzip', gzip()],
  ['portable gzip', portableGzip({ level: 6 })],
  ['none', uncompressed()],
]

const BLOCK_SIZES = [4096, 131_072, 1_048_576]

describe.each(CODECS)('an image with %s', (_, codec) => {
  it.each(BLOCK_SIZES)(
    'and blocks of %i bytes is unpacked by rdsquashfs as it was written',
    async (blockSize) => {
      await withImage(thoroughTree({ blockSize }), { codec, blockSize }, async (image, model, scratch) => {
        const unpacked = join(scratch, 'unpacked')
        await mkdir(unpacked)
        await rdsquashfsUnpack(image, unpacked)
        // It makes a copy of a file for each of its names, and leaves the root folder as it is.
        const facets = without('links', 'hard-links')
        const [expected, actual] = [expectedState(model), await survey(unpacked)]
        expect(differences(withoutRoot(expected), withoutRoot(actual), facets)).toEqual([])
      })
    },
  )

  it.each(BLOCK_SIZES)(
    'and blocks of %i bytes is mounted by squashfuse as it was written',
    async (blockSize) => {
      await withImage(thoroughTree({ blockSize }), { codec, blockSize }, async (image, model) => {
        await withSquashfuse(image, async (mounted) => {
          expect(differences(expectedState(model), await survey(mounted), without())).toEqual([])
        })
      })
    },
  )
})

it('rdsquashfs lists what is in the image', async () => {
  await withImage(thoroughTree({ blockSize: 4096 }), {}, async (image) => {
    const lines = await rdsquashfsList(image, '/symlinks')
    expect(lines.some((line) => line.endsWith('relative -> ../sizes'))).toBe(true)
    expect(await rdsquashfsList(image, '/crowd')).toHaveLength(700)
  })
})

// 7-Zip of this age knows the gzip and stored images of squashfs, not those with zstd.
describe.each(CODECS.filter(([name]) => name !== 'zstd'))('an image with %s', (_, codec) => {
  it.each(BLOCK_SIZES)('and blocks of %i bytes is read whole by 7z', async (blockSize) => {
    await withImage(
      thoroughTree({ blockSize, utf8Only: true }),
      { codec, blockSize },
      async (image, model, scratch) => {
        await sevenZipTest(image)
        const listed = await sevenZipList(image)
        expect(listed).toContain('symlinks/longest')
        const extracted = join(scratch, 'extracted')
        await sevenZipExtract(image, extracted)
        const found = await survey(extracted)
        const files = [...expectedState(model)].filter(([key, node]) => node.type === 'file' && isPlain(key))
        expect(files.length).toBeGreaterThan(750)
        for (const [key, { size, sha256 }] of files) {
          expect({ key, size: found.get(key)?.size, sha256: found.get(key)?.sha256 }).toEqual({
            key,
            size,
            sha256,
          })
        }
      },
    )
  })
})

it('mksquashfs can append to an image: it takes its tables for good', async () => {
  await withImage(thoroughTree({ blockSize: 131_072 }), {}, async (image, model, scratch) => {
    const more = join(scratch, 'more')
    await mkdir(join(more, 'appended'), { recursive: true })
    await run('mksquashfs', [more, image, '-quiet', '-no-progress'])
    const { stdout } = await run('unsquashfs', ['-no-progress', '-lls', image])
    expect(stdout.toString('latin1')).toContain('squashfs-root/appended')
    // Every name that has no line break is a line.
    expect(stdout.toString('latin1').split('\n').length).toBeGreaterThan(model.size)
  })
})

async function withImage(
  model: TreeModel,
  options: { codec?: Codec; blockSize?: number },
  use: (image: string, model: TreeModel, scratch: string) => Promise<void>,
): Promise<void> {
  await withTmpfs(async (scratch) => {
    const image = join(scratch, 'image.squashfs')
    await writeImage(entriesOf(model), image, options)
    await use(image, model, scratch)
  })
}

function without(...facets: Facet[]): Facet[] {
  return ON_DISK.filter((facet) => !facets.includes(facet))
}

function withoutRoot<V>(tree: ReadonlyMap<string, V>): ReadonlyMap<string, V> {
  return new Map([...tree].filter(([key]) => key !== '.'))
}

/** Whether a path is one that 7z does not rename for the sake of other systems. */
function isPlain(key: string): boolean {
  return /^[\w./-]+$/.test(key) && !/(^|\/)\.\./.test(key)
}

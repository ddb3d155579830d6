// Hostile random trees, under random options, judged by unsquashfs and by the kernel.
//
// PROPERTY_TREES sets the number of trees; PROPERTY_SEED and PROPERTY_PATH, printed by a failure as seed and path,
// repeat one.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  asOnDisk,
  aTree,
  expectedState,
  judge,
  plant,
  type Tree,
  type TreeState,
  withFolder,
  withTmpfs,
} from 'fixtures'
import {
  gzip,
  type ImageOptions,
  packDirectory,
  portableGzip,
  type StoredPart,
  uncompressed,
  writeImage,
  zstd,
} from 'squashfs-writer'
import { expect, it } from 'vitest'

const TREES = Number(process.env.PROPERTY_TREES ?? 200)
const PACKED = Math.ceil(TREES / 4)

const REPEAT = {
  ...(process.env.PROPERTY_SEED ? { seed: Number(process.env.PROPERTY_SEED) } : {}),
  ...(process.env.PROPERTY_PATH ? { path: process.env.PROPERTY_PATH } : {}),
}

const CODECS = {
  'zstd 1': zstd({ level: 1 }),
  'zstd 3': zstd(),
  'zstd 15': zstd({ level: 15 }),
  'gzip 1': gzip({ level: 1 }),
  'gzip 9': gzip(),
  'portable gzip 6': portableGzip({ level: 6 }),
  none: uncompressed(),
}

const BLOCK_SIZES = [4096, 4096, 4096, 8192, 16_384, 65_536, 131_072, 262_144, 1_048_576]

interface Case {
  readonly tree: Tree
  readonly options: ImageOptions
}

/** A tree whose contents are aimed at the block size of the options that come with it. */
const aCase: fc.Arbitrary<Case> = fc.constantFrom(...BLOCK_SIZES).chain((blockSize) =>
  fc.record({
    options: fc
      .record({
        codec: fc.constantFrom(...(Object.keys(CODECS) as (keyof typeof CODECS)[])),
        fragments: fc.constantFrom('small-files', 'always', 'never'),
        deduplicate: fc.boolean(),
        exportable: fc.boolean(),
        store: fc.subarray<StoredPart>(['inodes', 'data', 'fragments', 'xattrs', 'ids']),
        padding: fc.constantFrom(4096, 4096, 65_536),
        threads: fc.integer({ min: 1, max: 3 }),
      })
      .map(({ codec, ...rest }) => ({ blockSize, codec: CODECS[codec], ...rest })),
    tree: aTree({ blockSize, maxBytes: 8 << 20 }),
  }),
)

it(
  `${TREES} hostile trees, given as entries, come out of unsquashfs and the kernel as they went in`,
  async () => {
    await checkTrees(TREES, async ({ tree, options }, image) => {
      const result = await writeImage(tree.entries(), image, options)
      expect(result.warnings).toEqual([])
      expect(result.droppedXattrs).toEqual({})
      return expectedState(tree.model)
    })
  },
  limit(TREES),
)

it(
  `${PACKED} hostile trees, packed from a disk, come out of unsquashfs and the kernel as they went in`,
  async () => {
    await checkTrees(PACKED, async ({ tree, options }, image, scratch) => {
      const source = join(scratch, 'source')
      await mkdir(source)
      await plant(tree.model, source)
      const result = await packDirectory(source, image, options)
      expect(result.omitted).toEqual([])
      expect(result.warnings).toEqual([])
      return asOnDisk(expectedState(tree.model))
    })
  },
  limit(PACKED),
)

/** Writes as many random trees with `write`, which answers with what readers have to find in the image. */
async function checkTrees(
  numRuns: number,
  write: (given: Case, image: string, scratch: string) => Promise<TreeState>,
): Promise<void> {
  await withTmpfs(async (tmpfs) => {
    const property = fc.asyncProperty(aCase, (given) =>
      withFolder(async (scratch) => {
        const image = join(scratch, 'image.squashfs')
        const expected = await write(given, image, scratch)
        expect(await judge(image, expected, scratch)).toEqual([])
      }, tmpfs),
    )
    await fc.assert(property, {
      numRuns,
      ...REPEAT,
      // Stops the search for a smaller failing tree in time for it to be printed; a run cut short fails.
      interruptAfterTimeLimit: limit(numRuns) - 60_000,
      markInterruptAsFailure: true,
    })
  }, '8g')
}

/** Milliseconds: several times what the trees take, and time to find a smaller one that fails. */
function limit(trees: number): number {
  return 300_000 + trees * 2_000
}

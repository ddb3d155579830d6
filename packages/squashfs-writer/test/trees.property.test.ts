/**
 * Tests hostile random trees and random options with unsquashfs and the kernel.
 *
 * PROPERTY_TREES sets the number of trees; PROPERTY_SEED and PROPERTY_PATH, which a failure prints as seed and path, repeat
 * one.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  aHostileTree,
  asOnDisk,
  expectedState,
  type HostileTree,
  type Judges,
  type TreeState,
  withDirectory,
  withJudges,
  withTmpfs,
} from 'fixtures'
import { packDirectory, writeImage } from 'squashfs-writer'
import { expect, it } from 'vitest'

const TREES = Number(process.env.PROPERTY_TREES ?? 200)
const PACKED = Math.ceil(TREES / 4)

const REPEAT = {
  ...(process.env.PROPERTY_SEED ? { seed: Number(process.env.PROPERTY_SEED) } : {}),
  ...(process.env.PROPERTY_PATH ? { path: process.env.PROPERTY_PATH } : {}),
}

const A_TREE = aHostileTree({ maxNodes: 40, maxBytes: 8 << 20 })

it(
  `${TREES} hostile trees, given as entries, are read unchanged by unsquashfs and the kernel`,
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
  `${PACKED} hostile trees, packed from a disk, are read unchanged by unsquashfs and the kernel`,
  async () => {
    await checkTrees(PACKED, async ({ tree, options }, image, scratch, judges) => {
      const source = join(scratch, 'source')
      await mkdir(source)
      await judges.createTree(tree.model, source)
      const result = await packDirectory(source, image, options)
      expect(result.omitted).toEqual([])
      expect(result.warnings).toEqual([])
      return asOnDisk(expectedState(tree.model))
    })
  },
  limit(PACKED),
)

/** Writes this many random trees with `write`, which returns what readers must find in the image. */
async function checkTrees(
  numRuns: number,
  write: (given: HostileTree, image: string, scratch: string, judges: Judges) => Promise<TreeState>,
): Promise<void> {
  const checkAll = async (judges: Judges, tmpfs: string) => {
    const property = fc.asyncProperty(A_TREE, (given) =>
      withDirectory(async (scratch) => {
        const image = join(scratch, 'image.squashfs')
        const expected = await write(given, image, scratch, judges)
        expect(await judges.judge(image, expected, scratch)).toEqual([])
      }, tmpfs),
    )
    await fc.assert(property, {
      numRuns,
      ...REPEAT,
      // Ends the search for a smaller failing tree early enough to print it. An interrupted run fails.
      interruptAfterTimeLimit: limit(numRuns) - 60_000,
      markInterruptAsFailure: true,
    })
  }
  await withTmpfs((tmpfs) => withJudges((judges) => checkAll(judges, tmpfs)), '8g')
}

/** Milliseconds: several times the usual time, and time to find a smaller failing tree. */
function limit(trees: number): number {
  return 300_000 + trees * 2_000
}

/**
 * Fragment plan: which tails share a block, decided by their sizes alone, before any content is read. So whoever reads all
 * files of a block can encode it, too. A tail that then turns out to be there already, or not to be readable, leaves its block
 * that much shorter.
 */
import type { FileNode } from '../tree/node.js'

export interface FragmentPlan {
  /** The number of the block for a file's tail; -1 without a tail. */
  blockOf(file: FileNode): number
  /** How many tails are planned for a block. */
  tailsIn(block: number): number
}

/**
 * Fills each block with the tails that come next until one does not fit.
 *
 * @param files in the order in which they go to disk, which is that of their inode numbers.
 * @param tailSize bytes at a file's end that go to a fragment; less than a block.
 * @param blockSize bytes; a fragment block holds as much as a data block.
 */
export function planFragments(
  files: readonly FileNode[],
  tailSize: (file: FileNode) => number,
  blockSize: number,
): FragmentPlan {
  /** By the inode's number less one. */
  const blocks = new Int32Array(files.at(-1)?.number ?? 0).fill(-1)
  const tails: number[] = []
  let filled = blockSize
  for (const file of files) {
    const size = tailSize(file)
    if (size === 0) continue
    if (filled + size > blockSize) {
      tails.push(0)
      filled = 0
    }
    filled += size
    blocks[file.number - 1] = tails.length - 1
    tails[tails.length - 1]!++
  }
  return {
    blockOf: ({ number }) => blocks[number - 1] ?? -1,
    tailsIn: (block) => tails[block] ?? 0,
  }
}

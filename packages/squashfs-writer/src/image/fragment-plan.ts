/**
 * Fragment plan: decides which tails share a block, by their sizes alone, before any content is read. So the thread that reads
 * all files of a block can also encode it. If a tail is a duplicate or cannot be read, its block is shorter than planned.
 */
import type { FileNode } from '../tree/node.js'

export interface FragmentPlan {
  /** The number of the block for the tail of a file; -1 if the file has no tail. */
  blockOf(file: FileNode): number
  /** How many tails are planned for a block. */
  tailsIn(block: number): number
}

/**
 * Adds tails to a block until the next one does not fit, then begins a new block.
 *
 * @param files in the order of their inode numbers, in which they are written.
 * @param tailSize bytes at the end of a file that go to a fragment; less than a block.
 * @param blockSize in bytes. A fragment block is as large as a data block.
 */
export function planFragments(
  files: readonly FileNode[],
  tailSize: (file: FileNode) => number,
  blockSize: number,
): FragmentPlan {
  /** Indexed by inode number - 1. */
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

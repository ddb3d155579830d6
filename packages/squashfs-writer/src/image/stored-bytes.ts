/** Stored bytes: computes how many bytes of the image the content of each file takes. */
import { blockSizeOnDisk } from '../format/data-block.js'
import { type FragmentEntry, NO_FRAGMENT } from '../format/fragment.js'
import type { FileNode } from '../tree/node.js'
import type { Placement } from '../tree/placement.js'

/**
 * The bytes on disk of each file: its blocks, and its share of the fragment block that holds its tail, in proportion to the
 * size of the tail. A file that shares the content of an earlier one takes 0. The sum is the size of all contents.
 *
 * @param files in the order in which they were written, with their placements.
 * @param inodes the number of inodes. The result is indexed by inode number - 1.
 */
export function storedBytes(
  files: readonly FileNode[],
  inodes: number,
  fragments: readonly FragmentEntry[],
  blockSize: number,
): Float64Array {
  const stored = new Float64Array(inodes)
  const originals = firstOfEachPlacement(files)
  const filled = new Float64Array(fragments.length)
  for (const { size, placement } of originals) {
    if (placement.fragment === NO_FRAGMENT) continue
    filled[placement.fragment] = Math.max(filled[placement.fragment]!, tailEnd(size, placement))
  }
  for (const { number, size, placement } of originals)
    stored[number - 1] = blocks(placement) + tail(size, placement)
  return stored

  function blocks({ blockSizes }: Placement): number {
    return blockSizes.reduce((sum, word) => sum + blockSizeOnDisk(word), 0)
  }

  /** Rounded at the start and end of the tail, so that the shares of a fragment block add up to its size. */
  function tail(size: number, placement: Placement): number {
    const entry = fragments[placement.fragment]
    const full = filled[placement.fragment]
    if (!entry || !full) return 0
    const upTo = (offset: number) => Math.round((blockSizeOnDisk(entry.sizeWord) * offset) / full)
    return upTo(tailEnd(size, placement)) - upTo(placement.fragmentOffset)
  }

  function tailEnd(size: number, { fragmentOffset, blockSizes }: Placement): number {
    return fragmentOffset + size - blockSizes.length * blockSize
  }
}

type PlacedFile = FileNode & { readonly placement: Placement }

function firstOfEachPlacement(files: readonly FileNode[]): PlacedFile[] {
  const seen = new Set<Placement>()
  return files.filter((file): file is PlacedFile => {
    if (file.placement === null || seen.has(file.placement)) return false
    seen.add(file.placement)
    return true
  })
}

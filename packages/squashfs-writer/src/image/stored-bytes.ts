/** Stored bytes: how much of the image the content of each file takes. */
import { blockSizeOnDisk } from '../format/data-block.js'
import { type FragmentEntry, NO_FRAGMENT } from '../format/fragment.js'
import type { FileNode } from '../tree/node.js'
import type { Placement } from '../tree/placement.js'

/**
 * The bytes on disk of each file's own blocks, and its part of the block that its tail shares with others, in proportion.
 * Files that share a place with an earlier one take nothing and are not in the map. The sum is all that contents take.
 *
 * @param files in the order in which they were written, with their placements.
 */
export function storedBytes(
  files: readonly FileNode[],
  fragments: readonly FragmentEntry[],
  blockSize: number,
): ReadonlyMap<FileNode, number> {
  const originals = firstAtEachPlace(files)
  const tailEnd = ({ size }: FileNode, { fragmentOffset, blockSizes }: Placement) =>
    fragmentOffset + size - blockSizes.length * blockSize

  const filled = fragments.map(() => 0)
  for (const [file, placement] of originals) {
    const { fragment } = placement
    if (fragment !== NO_FRAGMENT) filled[fragment] = Math.max(filled[fragment] ?? 0, tailEnd(file, placement))
  }
  return new Map(originals.map(([file, placement]) => [file, blocks(placement) + tail(file, placement)]))

  function blocks({ blockSizes }: Placement): number {
    return blockSizes.reduce((sum, word) => sum + blockSizeOnDisk(word), 0)
  }

  /** Rounded at the tails' borders, so that the parts of a fragment block add up to the block. */
  function tail(file: FileNode, placement: Placement): number {
    const entry = fragments[placement.fragment]
    const full = filled[placement.fragment]
    if (!entry || !full) return 0
    const upTo = (offset: number) => Math.round((blockSizeOnDisk(entry.sizeWord) * offset) / full)
    return upTo(tailEnd(file, placement)) - upTo(placement.fragmentOffset)
  }
}

function firstAtEachPlace(files: readonly FileNode[]): (readonly [FileNode, Placement])[] {
  const first = new Map<Placement, FileNode>()
  for (const file of files) {
    if (file.placement && !first.has(file.placement)) first.set(file.placement, file)
  }
  return [...first].map(([placement, file]) => [file, placement])
}

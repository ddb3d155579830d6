/** Placement: the position of a file's content in the image. */
import { NO_FRAGMENT } from '../format/fragment.js'

export interface Placement {
  /** Position of the first block, in bytes from the start of the image; 0 without blocks. */
  start: number
  /** A size word for each block. */
  blockSizes: readonly number[]
  /** Bytes in holes. */
  sparse: number
  /** Fragment index, or `NO_FRAGMENT`. */
  fragment: number
  fragmentOffset: number
}

/** Shared by all files without blocks. Most files are small, and half a million empty arrays take 16 MB. */
const NO_BLOCKS: readonly number[] = []

/** The placement of a file before any of its content is written. */
export function emptyPlacement(): Placement {
  return { start: 0, blockSizes: NO_BLOCKS, sparse: 0, fragment: NO_FRAGMENT, fragmentOffset: 0 }
}

export function addBlock(placement: Placement, sizeWord: number): void {
  if (placement.blockSizes === NO_BLOCKS) placement.blockSizes = [sizeWord]
  else (placement.blockSizes as number[]).push(sizeWord)
}

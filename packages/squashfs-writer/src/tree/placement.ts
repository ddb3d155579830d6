/** Placement: where a file's bytes went in the image. */
import { NO_FRAGMENT } from '../format/fragment.js'

export interface Placement {
  /** Where the first block lies, in bytes from the image's start; 0 without blocks. */
  start: number
  /** A size word for each block. */
  blockSizes: readonly number[]
  /** Bytes that lie in holes. */
  sparse: number
  /** Fragment index, or `NO_FRAGMENT`. */
  fragment: number
  fragmentOffset: number
}

/** Most files are small and have no block: half a million empty arrays take 16 MB. */
const NO_BLOCKS: readonly number[] = []

/** Of a file of which nothing is in the image yet. */
export function emptyPlacement(): Placement {
  return { start: 0, blockSizes: NO_BLOCKS, sparse: 0, fragment: NO_FRAGMENT, fragmentOffset: 0 }
}

export function addBlock(placement: Placement, sizeWord: number): void {
  if (placement.blockSizes === NO_BLOCKS) placement.blockSizes = [sizeWord]
  else (placement.blockSizes as number[]).push(sizeWord)
}

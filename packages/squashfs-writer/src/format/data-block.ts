/** Data and fragment blocks: the u32 size words that hold the size of each block on disk. */

/** The size word of a hole, a block that is all zeros and takes no space on disk. */
export const HOLE = 0
/** Bit 24 of a size word: the block is uncompressed. */
const UNCOMPRESSED = 0x0100_0000

/**
 * Encodes the size word of a block.
 * @param size bytes on disk, 1 to 1 MiB.
 * @param uncompressed whether the block is uncompressed.
 */
export function blockSizeWord(size: number, uncompressed: boolean): number {
  return uncompressed ? size | UNCOMPRESSED : size
}

/** Bytes on disk of a block with this size word. */
export function blockSizeOnDisk(word: number): number {
  return (word & ~UNCOMPRESSED) >>> 0 // never negative, even if a damaged image has higher bits set
}

/** Whether a block with this size word is uncompressed. */
export function isUncompressedBlock(word: number): boolean {
  return (word & UNCOMPRESSED) !== 0
}

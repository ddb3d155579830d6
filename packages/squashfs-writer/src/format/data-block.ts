/** Data and fragment blocks: the u32 words that tell their size on disk. */

/** The size word of a block that is all zeros: it takes no space on disk. */
export const HOLE = 0
/** Bit 24 of a size word: the block is stored as it is. */
const STORED = 0x0100_0000

/**
 * The size word of a block on disk.
 * @param size bytes on disk, 1 to 1 MiB.
 * @param stored true when the block is not compressed.
 */
export function blockSizeWord(size: number, stored: boolean): number {
  return stored ? size | STORED : size
}

/** Bytes on disk of a block with this size word. */
export function blockSizeOnDisk(word: number): number {
  return (word & ~STORED) >>> 0 // bits beyond, which no sound image has, do not make it negative
}

/** Whether a block with this size word is stored as it is. */
export function isUncompressedBlock(word: number): boolean {
  return (word & STORED) !== 0
}

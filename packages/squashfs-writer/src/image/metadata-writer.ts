/** Metadata writer: writes the records of a table into metadata blocks, and gives references to them. */
import { isUncompressedBlock } from '../format/data-block.js'
import { encodeMetadataBlock, METADATA_BLOCK_SIZE, metadataReference } from '../format/metadata-block.js'
import type { BlockEncoder } from './encode-block.js'

/** A position in a table: the uncompressed bytes before it. It is a number, since there is one for each inode. */
export type Mark = number

/** The offset of a position in its uncompressed block. */
export function offsetInBlock(mark: Mark): number {
  return mark % METADATA_BLOCK_SIZE
}

export interface MetadataWriter {
  /** The position of the next record. */
  mark(): Mark
  append(record: Uint8Array): void
  /** Waits until {@link blockStart} is known for all blocks up to the current one. */
  locateBlocks(): Promise<void>
  /** Start of the block at a position, in bytes from the start of the table. Its block must be located. */
  blockStart(mark: Mark): number
  /** The metadata reference of a position. Its block must be located. */
  reference(mark: Mark): number
  /** Ends the last block, and returns all blocks. */
  finish(): Promise<{ readonly blocks: readonly Uint8Array[]; readonly size: number }>
}

/** @param uncompressed whether to leave the table uncompressed. */
export function createMetadataWriter(encode: BlockEncoder, uncompressed: boolean): MetadataWriter {
  const blocks: Uint8Array[] = []
  const starts = [0]
  const pending: Promise<Uint8Array>[] = []
  let content = new Uint8Array(METADATA_BLOCK_SIZE)
  let used = 0
  /** Uncompressed bytes in the blocks before the current one. */
  let before = 0

  function endBlock(): void {
    const full = content.subarray(0, used)
    const block = encodedBlock(encode, full, uncompressed)
    block.catch(() => {}) // locateBlocks throws the error
    pending.push(block)
    content = new Uint8Array(METADATA_BLOCK_SIZE)
    used = 0
    before += METADATA_BLOCK_SIZE
  }

  async function locateBlocks(): Promise<void> {
    for (const block of pending.splice(0)) {
      const bytes = await block
      blocks.push(bytes)
      starts.push(starts.at(-1)! + bytes.length)
    }
  }

  const blockStart = (mark: Mark) => starts[Math.floor(mark / METADATA_BLOCK_SIZE)]!

  return {
    mark: () => before + used,
    append(record) {
      for (let at = 0; at < record.length; ) {
        const n = Math.min(record.length - at, METADATA_BLOCK_SIZE - used)
        content.set(n === record.length ? record : record.subarray(at, at + n), used)
        used += n
        at += n
        if (used === METADATA_BLOCK_SIZE) endBlock()
      }
    },
    locateBlocks: () => (pending.length === 0 ? DONE : locateBlocks()),
    blockStart,
    reference: (mark) => metadataReference(blockStart(mark), offsetInBlock(mark)),
    async finish() {
      if (used > 0) endBlock()
      await locateBlocks()
      return { blocks, size: starts.at(-1)! }
    },
  }
}

const DONE = Promise.resolve()

async function encodedBlock(
  encode: BlockEncoder,
  content: Uint8Array,
  uncompressed: boolean,
): Promise<Uint8Array> {
  const { data, sizeWord } = await encode(content, uncompressed)
  return encodeMetadataBlock(data, isUncompressedBlock(sizeWord))
}

/** Metadata writer: a table as one run of bytes, cut into compressed blocks of 8 KiB, with references into it. */

import { isUncompressedBlock } from '../format/data-block.js'
import { encodeMetadataBlock, METADATA_BLOCK_SIZE, metadataReference } from '../format/metadata-block.js'
import type { BlockEncoder } from './encode-block.js'

/** A place in a table: the bytes of content before it. A number, since a tree of a million inodes has as many. */
export type Mark = number

/** Where in its block's content a place lies. */
export function offsetInBlock(mark: Mark): number {
  return mark % METADATA_BLOCK_SIZE
}

export interface MetadataWriter {
  /** Where the next record will begin. */
  mark(): Mark
  append(record: Uint8Array): void
  /** Waits until {@link blockStart} is known for every block up to the one being filled. */
  locateBlocks(): Promise<void>
  /** Bytes from the table's start to the block in which a place lies. Its block must be located. */
  blockStart(mark: Mark): number
  /** A reference to a place. Its block must be located. */
  reference(mark: Mark): number
  /** Ends the last block. */
  finish(): Promise<{ readonly blocks: readonly Uint8Array[]; readonly size: number }>
}

/**
 * @param uncompressed true to leave the table uncompressed.
 */
export function createMetadataWriter(encode: BlockEncoder, uncompressed: boolean): MetadataWriter {
  const blocks: Uint8Array[] = []
  const starts = [0]
  const underWay: Promise<Uint8Array>[] = []
  let content = new Uint8Array(METADATA_BLOCK_SIZE)
  let used = 0
  /** Content in the blocks before the one being filled. */
  let before = 0

  function endBlock(): void {
    const full = content.subarray(0, used)
    const block = encodedBlock(encode, full, uncompressed)
    block.catch(() => {}) // the failure is thrown where the block is waited for
    underWay.push(block)
    content = new Uint8Array(METADATA_BLOCK_SIZE)
    used = 0
    before += METADATA_BLOCK_SIZE
  }

  async function locateBlocks(): Promise<void> {
    for (const block of underWay.splice(0)) {
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
    locateBlocks: () => (underWay.length === 0 ? DONE : locateBlocks()),
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

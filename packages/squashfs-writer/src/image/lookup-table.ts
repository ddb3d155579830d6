/** Lookup tables: records of one size in metadata blocks, and an index of u64 that tells where each block lies. */

import { setUint64, viewOf } from '../format/byte-order.js'
import type { BlockEncoder } from './encode-block.js'
import { createMetadataWriter } from './metadata-writer.js'
import type { Output } from './output.js'

/**
 * Writes the blocks of a table, then its index.
 * @param records at least one.
 * @param header goes between the blocks and the index (the xattr id table has one).
 * @returns where the header, or else the index, begins: the table's start as the superblock has it.
 */
export async function writeLookupTable(
  output: Output,
  encode: BlockEncoder,
  uncompressed: boolean,
  records: Iterable<Uint8Array>,
  header: Uint8Array = new Uint8Array(0),
): Promise<number> {
  const writer = createMetadataWriter(encode, uncompressed)
  for (const record of records) writer.append(record)
  const { blocks } = await writer.finish()
  const index = new Uint8Array(8 * blocks.length)
  const view = viewOf(index)
  for (const [n, block] of blocks.entries()) setUint64(view, 8 * n, output.append(block))
  const start = output.append(header)
  output.append(index)
  return start
}

/** Lookup tables: records of equal size in metadata blocks, and an index with the u64 position of each block. */
import { setUint64 } from '../format/byte-order.js'
import type { BlockEncoder } from './encode-block.js'
import { createMetadataWriter } from './metadata-writer.js'
import type { Output } from './output.js'

/**
 * Writes the blocks of a table, then its header, if any, and its index.
 * @param records at least one.
 * @param header the header between blocks and index; only the xattr id table has one.
 * @returns the start of the header, or of the index if there is no header. The superblock has this as the start of the table.
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
  for (const [n, block] of blocks.entries()) setUint64(index, 8 * n, output.append(block))
  const start = output.append(header)
  output.append(index)
  return start
}

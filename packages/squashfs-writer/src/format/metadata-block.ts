/** Metadata blocks: the 8 KiB blocks that hold all tables, and references to records in them. */
import { viewOf } from './byte-order.js'

/** Uncompressed bytes in a full metadata block. It does not depend on the block size of the image. */
export const METADATA_BLOCK_SIZE = 8192
/** Bit 15 of a metadata block's header: the content is uncompressed. */
const UNCOMPRESSED = 0x8000

/**
 * Encodes a metadata block: the two-byte header and the content.
 * @param content the bytes on disk, compressed or not, at most 8,192.
 * @param uncompressed whether `content` is uncompressed.
 */
export function encodeMetadataBlock(content: Uint8Array, uncompressed: boolean): Uint8Array {
  const bytes = new Uint8Array(2 + content.length)
  const header = content.length | (uncompressed ? UNCOMPRESSED : 0)
  bytes[0] = header & 0xff
  bytes[1] = header >> 8
  bytes.set(content, 2)
  return bytes
}

/** Bytes of a metadata block's header. */
export const METADATA_HEADER_SIZE = 2

/** Decodes the header of a metadata block: the size of the content on disk, and whether it is uncompressed. */
export function decodeMetadataHeader(bytes: Uint8Array): {
  readonly size: number
  readonly uncompressed: boolean
} {
  const header = viewOf(bytes).getUint16(0, true)
  return { size: header & ~UNCOMPRESSED, uncompressed: (header & UNCOMPRESSED) !== 0 }
}

/**
 * Encodes a reference to a record in a metadata table.
 * @param blockStart start of its block, in bytes from the start of the table, up to 2^37.
 * @param offset of the record in the uncompressed block, 0 to 8,191.
 */
export function metadataReference(blockStart: number, offset: number): number {
  return blockStart * 0x1_0000 + offset
}

/** The position of a record in a metadata table. */
export interface MetadataPlace {
  /** Start of its block, in bytes from the start of the table. */
  readonly block: number
  /** Offset in the uncompressed block. */
  readonly offset: number
}

/** Decodes a metadata reference. */
export function decodeMetadataReference(reference: number): MetadataPlace {
  return { block: Math.floor(reference / 0x1_0000), offset: reference % 0x1_0000 }
}

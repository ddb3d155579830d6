/** Metadata blocks: the 8 KiB pieces in which every table but the data is stored, and references into them. */
import { viewOf } from './byte-order.js'

/** Bytes of content in a full metadata block, whatever the image's block size. */
export const METADATA_BLOCK_SIZE = 8192
/** Bit 15 of a metadata block's header: the content is stored as it is. */
const STORED = 0x8000

/**
 * Puts the two-byte header before a metadata block's content.
 * @param content the bytes on disk, compressed or not, at most 8,192.
 * @param stored true when `content` is not compressed.
 */
export function encodeMetadataBlock(content: Uint8Array, stored: boolean): Uint8Array {
  const bytes = new Uint8Array(2 + content.length)
  const header = content.length | (stored ? STORED : 0)
  bytes[0] = header & 0xff
  bytes[1] = header >> 8
  bytes.set(content, 2)
  return bytes
}

/** Bytes of the header before a metadata block's content. */
export const METADATA_HEADER_SIZE = 2

/** Decodes the two bytes before a metadata block's content: its bytes on disk, and whether they are uncompressed. */
export function decodeMetadataHeader(bytes: Uint8Array): { readonly size: number; readonly stored: boolean } {
  const header = viewOf(bytes).getUint16(0, true)
  return { size: header & ~STORED, stored: (header & STORED) !== 0 }
}

/**
 * A reference to a record: where its block starts, from the table's start, and where in the block's content it begins.
 * @param blockStart bytes, up to 2^37.
 * @param offset 0 to 8,191.
 */
export function metadataReference(blockStart: number, offset: number): number {
  return blockStart * 0x1_0000 + offset
}

/** A place in a metadata table. */
export interface MetadataPlace {
  /** Where its block starts, from the table's start. */
  readonly block: number
  /** Where in the block's content it is. */
  readonly offset: number
}

/** The place that a reference names. */
export function decodeMetadataReference(reference: number): MetadataPlace {
  return { block: Math.floor(reference / 0x1_0000), offset: reference % 0x1_0000 }
}

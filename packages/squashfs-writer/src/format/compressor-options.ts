/** Compressor options: the record after the superblock when the compressor's settings are not the implied ones. */
import { viewOf } from './byte-order.js'

/** Compressor ids of the superblock. */
export const Compressor = { GZIP: 1, LZMA: 2, LZO: 3, XZ: 4, LZ4: 5, ZSTD: 6 } as const

/** zstd: u32 level; 15 is implied. */
export function encodeZstdOptions(level: number): Uint8Array {
  const bytes = new Uint8Array(4)
  viewOf(bytes).setUint32(0, level, true)
  return bytes
}

/** gzip: u32 level, u16 window bits, u16 strategies; 9, 15 and 0 are implied. */
export function encodeGzipOptions(level: number, windowBits = 15, strategies = 0): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = viewOf(bytes)
  view.setUint32(0, level, true)
  view.setUint16(4, windowBits, true)
  view.setUint16(6, strategies, true)
  return bytes
}

/** The level that zstd or gzip options say; null where they are too short to say it. */
export function decodeLevel(options: Uint8Array): number | null {
  return options.length < 4 ? null : viewOf(options).getUint32(0, true)
}

/** Compressor options: the record after the superblock. An image has it only if the settings differ from the defaults. */
import { setUint16, setUint32, viewOf } from './byte-order.js'

/** Compressor ids in the superblock. */
export const Compressor = { GZIP: 1, LZMA: 2, LZO: 3, XZ: 4, LZ4: 5, ZSTD: 6 } as const

/** Encodes the options of zstd: u32 level. The default is 15. */
export function encodeZstdOptions(level: number): Uint8Array {
  const bytes = new Uint8Array(4)
  setUint32(bytes, 0, level)
  return bytes
}

/** Encodes the options of gzip: u32 level, u16 window bits, u16 strategies. The defaults are 9, 15 and 0. */
export function encodeGzipOptions(level: number, windowBits = 15, strategies = 0): Uint8Array {
  const bytes = new Uint8Array(8)
  setUint32(bytes, 0, level)
  setUint16(bytes, 4, windowBits)
  setUint16(bytes, 6, strategies)
  return bytes
}

/** Decodes the level from the options of zstd or gzip. Returns null if the record is too short. */
export function decodeLevel(options: Uint8Array): number | null {
  return options.length < 4 ? null : viewOf(options).getUint32(0, true)
}

/** Expanding: what a codec compressed comes back. zstd and gzip; the other compressors of the format are unknown here. */
import { ImageError } from '../errors.js'
import { Compressor } from '../format/compressor-options.js'
import { loadBundledZstd } from './zstd-bundled.js'

/** Gives back the content of one block that was compressed. */
export type Expand = (bytes: Uint8Array) => Promise<Uint8Array>

/**
 * How to expand the blocks of an image.
 * @param compressor the id in the image's superblock.
 * @throws ImageError for a compressor that is unknown here.
 */
export function expanderOf(compressor: number): Expand {
  switch (compressor) {
    case Compressor.ZSTD:
      return expandZstd
    case Compressor.GZIP:
      return expandZlib
    default:
      throw new ImageError('UNKNOWN_COMPRESSOR', `it is compressed with ${nameOf(compressor)}`)
  }
}

async function expandZstd(bytes: Uint8Array): Promise<Uint8Array> {
  const { decompress } = await loadBundledZstd()
  return await decompress(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
}

async function expandZlib(bytes: Uint8Array): Promise<Uint8Array> {
  const { unzlibSync } = await import('fflate')
  return unzlibSync(bytes)
}

function nameOf(compressor: number): string {
  const known = Object.entries(Compressor).find(([, id]) => id === compressor)
  return known ? known[0].toLowerCase() : `compressor ${compressor}`
}

/** gzip: the compressor that squashfs calls gzip writes zlib streams (RFC 1950). Node's zlib is fast; fflate gives the same bytes everywhere. */
import { deflateSync } from 'node:zlib'
import { Compressor, encodeGzipOptions } from '../format/compressor-options.js'
import { checkOptions, integer } from '../option-rules.js'
import type { Codec } from './codec.js'

/** The level of an image without compressor options. */
const IMPLIED_LEVEL = 9
/**
 * zlib's memLevel. At 7, half as many symbols share one Huffman table as at the default of 8. The content of a block changes
 * from file to file, so shorter runs save 0.3 % at every level, in the same time.
 */
const MEMORY_LEVEL = 7

/**
 * Creates the gzip codec with Node's zlib. Its bytes may differ between versions of Node; if that matters, use
 * {@link portableGzip}.
 * @param options.level 1 (fast) to 9 (small); 9 if absent.
 * @throws OptionError for another level.
 */
export function gzip(options: { readonly level?: number } = {}): Codec {
  const level = levelOf(options)
  return {
    ...head('gzip', level),
    // A compressor that is reused, as for zstd, may give other bytes: the state of Node's zlib depends on the last block.
    compress: (bytes) => deflateSync(bytes, { level, memLevel: MEMORY_LEVEL, chunkSize: chunkFor(bytes) }),
  }
}

/**
 * Creates the gzip codec with fflate. It is plain JavaScript and slower, and gives the same bytes on every runtime.
 * @param options.level 1 (fast) to 9 (small); 9 if absent.
 * @throws OptionError for another level.
 */
export function portableGzip(options: { readonly level?: number } = {}): Codec {
  const level = levelOf(options) as 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
  return {
    ...head('portable-gzip', level),
    // Loaded only by a thread that compresses with it.
    compress: async (bytes) => (await import('fflate')).zlibSync(bytes, { level }),
  }
}

function head(
  kind: 'gzip' | 'portable-gzip',
  level: number,
): Pick<Codec, 'name' | 'id' | 'options' | 'recipe'> {
  return {
    name: 'gzip',
    recipe: { kind, level },
    id: Compressor.GZIP,
    ...(level === IMPLIED_LEVEL ? {} : { options: encodeGzipOptions(level) }),
  }
}

/** A chunk size that always holds the whole result, so that zlib need not concatenate several. */
function chunkFor(bytes: Uint8Array): number {
  return Math.max(1024, bytes.length + (bytes.length >> 8) + 64)
}

/** @throws OptionError for a level that is not from 1 to 9, and for other options. */
function levelOf(options: { readonly level?: number }): number {
  checkOptions(options, { level: integer(1, 9) })
  return options.level ?? IMPLIED_LEVEL
}

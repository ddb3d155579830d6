/** gzip, in squashfs' sense: zlib containers (RFC 1950). Node's zlib for speed, fflate for the same bytes everywhere. */
import { deflateSync } from 'node:zlib'
import { Compressor, encodeGzipOptions } from '../format/compressor-options.js'
import { checkOptions, integer } from '../option-rules.js'
import type { Codec } from './codec.js'

/** The level that the format implies when an image has no compressor options. */
const IMPLIED_LEVEL = 9
/**
 * How many symbols share one Huffman code: at 7 half as many as by zlib's default. The content of a block
 * changes from file to file, so that codes made anew more often save 0.3 % at every level, in the same time.
 */
const MEMORY_LEVEL = 7

/**
 * The gzip codec by Node's zlib. Its bytes may change from one version of Node to another; where that matters use
 * {@link portableGzip}.
 * @param options.level 1 (fast) to 9 (small); 9 if absent.
 * @throws OptionError for another level.
 */
export function gzip(options: { readonly level?: number } = {}): Codec {
  const level = levelOf(options, 9, IMPLIED_LEVEL)
  return {
    ...head('gzip', level),
    // A compressor that is used again, as that of zstd is, may give other bytes: Node's zlib looks at what the last block left.
    compress: (bytes) => deflateSync(bytes, { level, memLevel: MEMORY_LEVEL, chunkSize: chunkFor(bytes) }),
  }
}

/**
 * The gzip codec by fflate: plain JavaScript, slower, with the same bytes on every runtime.
 * @param options.level 1 (fast) to 9 (small); 9 if absent.
 * @throws OptionError for another level.
 */
export function portableGzip(options: { readonly level?: number } = {}): Codec {
  const level = levelOf(options, 9, IMPLIED_LEVEL) as 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
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

/** One output chunk that surely holds the result spares zlib from gathering many. */
function chunkFor(bytes: Uint8Array): number {
  return Math.max(1024, bytes.length + (bytes.length >> 8) + 64)
}

/**
 * The level that was asked for.
 * @param options as a program gave them.
 * @param most the highest level; the lowest is 1.
 * @param usual taken where none is given.
 * @throws OptionError for another level, and for other options.
 */
function levelOf(options: { readonly level?: number }, most: number, usual: number): number {
  checkOptions(options, { level: integer(1, most) })
  return options.level ?? usual
}

/** gzip, in squashfs' sense: zlib containers (RFC 1950). Node's zlib for speed, fflate for the same bytes everywhere. */
import { constants, createDeflate, deflateSync } from 'node:zlib'
import { Compressor, encodeGzipOptions } from '../format/compressor-options.js'
import { checkOptions, integer } from '../option-rules.js'
import { type Codec, compressBy, roomFor } from './codec.js'
import { type CompressInto, nativeSideOf, reusingIfSame } from './zlib-handle.js'

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
  const compressInto = deflater(level)
  return { ...head('gzip', level), compress: compressBy(compressInto), compressInto }
}

/**
 * Deflates all blocks of a thread with one compressor: `deflateSync` makes a stream and some 200 KB of tables for every call,
 * which cost 6 to 10 % of the time at level 3.
 */
function deflater(level: number): CompressInto {
  const settings = { level, memLevel: MEMORY_LEVEL }
  const publicWay: CompressInto = (bytes, room) => {
    const result = deflateSync(bytes, { ...settings, chunkSize: Math.max(1024, roomFor(bytes.length)) })
    room.set(result)
    return result.length
  }
  let way: CompressInto | null = null
  return (bytes, room) => {
    way ??= reusingIfSame(reusingWay(createDeflate(settings)), publicWay)
    return way(bytes, room)
  }
}

/** null where the compressor is not what is known of it. */
function reusingWay(stream: unknown): CompressInto | null {
  const compressor = nativeSideOf(stream)
  if (!compressor?.handle.reset) return null
  const { handle, state } = compressor
  return (bytes, room) => {
    handle.reset?.()
    handle.writeSync(constants.Z_FINISH, bytes, 0, bytes.length, room, 0, room.length)
    return room.length - state[0]!
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

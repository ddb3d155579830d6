/** gzip: the compressor that squashfs calls gzip writes zlib streams (RFC 1950). Node's zlib is fast; fflate gives the same bytes everywhere. */
import { constants, createDeflate, deflateSync } from 'node:zlib'
import { SquashfsError } from '../errors.js'
import { Compressor, encodeGzipOptions } from '../format/compressor-options.js'
import { checkOptions, integer } from '../option-rules.js'
import { type Codec, compressWith } from './codec.js'
import { nativeSideOf, writeBlock } from './zlib-handle.js'

/** The level of an image without compressor options. */
const IMPLIED_LEVEL = 9

interface ZlibSettings {
  readonly level: number
  readonly memLevel: number
}

/**
 * zlib's settings for a level of the user.
 *
 * `memLevel` sets how many symbols share a Huffman table: at 9 four times as many as at 7. The content of a block changes from file
 * to file, so fewer symbols make it 0.3 to 0.6 % smaller, and more save a tenth of the time. Who wants a low level wants the time.
 *
 * zlib's own level 9 takes half as long again as its level 8. With `memLevel` 6, level 8 gives the same size: 0.01 % more.
 */
function settingsFor(level: number): ZlibSettings {
  if (level <= 3) return { level, memLevel: 9 }
  return level === 9 ? { level: 8, memLevel: 6 } : { level, memLevel: 7 }
}

/**
 * Creates the gzip codec with Node's zlib. Its bytes may differ between versions of Node; if that matters, use
 * {@link portableGzip}.
 * @param options.level 1 (fast) to 9 (small); 9 if absent. 9 is zlib's level 8, which gives the same size to 0.01 % in less time.
 * @throws OptionError for another level.
 */
export function gzip(options: { readonly level?: number } = {}): Codec {
  const level = levelOf(options)
  const compressInto = compressorWith(settingsFor(level))
  return { ...head('gzip', level), compressInto, compress: compressWith(compressInto) }
}

/**
 * Compresses each block with a native handle of its own: a handle that is reused may give other bytes, since zlib's state depends on
 * the last block. `deflateSync` gives the same bytes, but in a new array for each block. These take 60 to 100 MB until they are
 * collected. It is used if the stream does not have the expected fields.
 */
function compressorWith(settings: ZlibSettings): NonNullable<Codec['compressInto']> {
  return (bytes, output) => {
    const native = nativeSideOf(createDeflate({ ...settings, chunkSize: constants.Z_MIN_CHUNK }))
    if (!native) {
      const result = deflateSync(bytes, settings)
      output.set(result)
      return result.length
    }
    native.handle.onerror = (message) => {
      throw new SquashfsError('WORKER', `zlib cannot compress a block: ${message}`)
    }
    const length = writeBlock(native, constants.Z_FINISH, bytes, output)
    native.handle.close?.()
    return length
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

/** @throws OptionError for a level that is not from 1 to 9, and for other options. */
function levelOf(options: { readonly level?: number }): number {
  checkOptions(options, { level: integer(1, 9) })
  return options.level ?? IMPLIED_LEVEL
}

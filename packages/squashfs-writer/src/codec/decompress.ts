/**
 * Decompress: decompresses blocks of zstd and gzip, and refuses a block that becomes larger than allowed, since images are
 * not trusted.
 *
 * The other compressors (xz, lzma, lz4, lzo) would each need a package with a native binary.
 */
import { inflateSync } from 'node:zlib'
import { type ImageError, type ImageErrorCode, messageOf } from '../errors.js'
import { Compressor } from '../format/compressor-options.js'
import { frameBound } from './zstd-bound.js'
import { loadBundledZstd } from './zstd-bundled.js'
import { createNodeDecompressor, type DecompressBlock } from './zstd-node-decompress.js'

/**
 * Decompresses one block.
 * @param output receives the content, from the first byte on. Its length is the limit for the content.
 * @returns the length of the content.
 * @throws ImageError if the bytes are not a valid block, or its content is too large.
 */
export type Decompress = (bytes: Uint8Array, output: Uint8Array) => number | Promise<number>

/** Decompresses one block into a new array. @param limit the maximum length of the content. */
export function decompressBlock(
  decompress: Decompress,
  bytes: Uint8Array,
  limit: number,
): Uint8Array | Promise<Uint8Array> {
  const output = new Uint8Array(limit)
  const length = decompress(bytes, output)
  return length instanceof Promise
    ? length.then((count) => output.subarray(0, count))
    : output.subarray(0, length)
}

/** Creates the error that says what is wrong with the image. */
type Fail = (what: string, code?: ImageErrorCode, cause?: unknown) => ImageError

/**
 * The function that decompresses the blocks of an image.
 * @param compressor the id in the superblock.
 * @throws ImageError if the compressor is not supported.
 */
export function decompressorFor(compressor: number, fail: Fail): Decompress {
  switch (compressor) {
    case Compressor.ZSTD: {
      const nodeZstd = createNodeDecompressor(WINDOW_LOG)
      return nodeZstd ? withImageError(fail, 'zstd', nodeZstd) : bundledZstd(fail)
    }
    case Compressor.GZIP:
      return withImageError(fail, 'gzip', inflate)
    default:
      throw fail(
        `it is compressed with ${nameOf(compressor)}, and this library reads zstd and gzip: extract it with unsquashfs and pack it again`,
        'UNKNOWN_COMPRESSOR',
      )
  }
}

/** Extra bytes of the output buffer: zlib allocates a second buffer if the content fills the first one exactly. */
const SPARE = 64

/**
 * Base-2 logarithm of the largest window that a frame may declare: 8 MiB, as zstd does at level 19 if it does not know the
 * size of the content. The kernel supports windows up to the block size, and image writers use a few mebibytes at most.
 */
const WINDOW_LOG = 23

function inflate(bytes: Uint8Array, output: Uint8Array): number {
  const limit = output.length
  const content = inflateSync(bytes, { maxOutputLength: limit, chunkSize: limit + SPARE })
  output.set(content)
  return content.length
}

function withImageError(fail: Fail, name: string, decompress: DecompressBlock): Decompress {
  return (bytes, output) => {
    try {
      return decompress(bytes, output)
    } catch (cause) {
      throw fail(`a block cannot be expanded with ${name} (${messageOf(cause)})`, undefined, cause)
    }
  }
}

/** The bundled library has no limit for the content, so an upper bound is computed before the frame is decompressed. */
function bundledZstd(fail: Fail): Decompress {
  return async (bytes, output) => {
    const limit = output.length
    const bound = frameBound(bytes, limit, 2 ** WINDOW_LOG)
    if (bound === null) throw fail('a block is not a zstd frame that fits the block size')
    const { decompress } = await loadBundledZstd()
    let content: Uint8Array
    try {
      content = await decompress(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    } catch (cause) {
      throw fail(`a block cannot be expanded with zstd (${messageOf(cause)})`, undefined, cause)
    }
    if (content.length > limit) throw fail(`a block expands to ${content.length} bytes, more than ${limit}`)
    output.set(content)
    return content.length
  }
}

function nameOf(compressor: number): string {
  const known = Object.entries(Compressor).find(([, id]) => id === compressor)
  return known ? known[0].toLowerCase() : `compressor ${compressor}`
}

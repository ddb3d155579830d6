/**
 * Expanding: decompresses blocks, and refuses one that is larger than it may be, since images are not trusted.
 *
 * zstd and gzip. Each of the others (xz, lzma, lz4, lzo) would take a package with a binary of its own, for images that
 * `venv-packer` does not make.
 */
import { inflateSync } from 'node:zlib'
import { type ImageError, type ImageErrorCode, messageOf } from '../errors.js'
import { Compressor } from '../format/compressor-options.js'
import { frameBound } from './zstd-bound.js'
import { loadBundledZstd } from './zstd-bundled.js'
import { createNodeDecompressor, type DecompressBlock } from './zstd-node-decompress.js'

/**
 * Expands one block that was compressed.
 * @param output takes the content from its beginning on; its length is the most bytes that the content may have.
 * @returns bytes of content.
 * @throws ImageError when the bytes are no such block, or its content is larger.
 */
export type Decompress = (bytes: Uint8Array, output: Uint8Array) => number | Promise<number>

/** Expands one block into memory of its own. @param limit the most bytes that its content may have. */
export function decompressBlock(
  expand: Decompress,
  bytes: Uint8Array,
  limit: number,
): Uint8Array | Promise<Uint8Array> {
  const output = new Uint8Array(limit)
  const length = expand(bytes, output)
  return length instanceof Promise
    ? length.then((count) => output.subarray(0, count))
    : output.subarray(0, length)
}

/** Makes the error that says what is wrong with the image. */
type Fail = (what: string, code?: ImageErrorCode, cause?: unknown) => ImageError

/**
 * How to expand the blocks of an image.
 * @param compressor the id in the image's superblock.
 * @throws ImageError for a compressor that is unknown here.
 */
export function decompressorFor(compressor: number, fail: Fail): Decompress {
  switch (compressor) {
    case Compressor.ZSTD: {
      const ofNode = createNodeDecompressor(WINDOW_LOG)
      return ofNode ? bounded(fail, 'zstd', ofNode) : packagedZstd(fail)
    }
    case Compressor.GZIP:
      return bounded(fail, 'gzip', inflate)
    default:
      throw fail(
        `it is compressed with ${nameOf(compressor)}, and this library reads zstd and gzip: extract it with unsquashfs and pack it again`,
        'UNKNOWN_COMPRESSOR',
      )
  }
}

/** More bytes than the content takes: a buffer of exactly its size makes zlib ask for a second one. */
const SPARE = 64

/**
 * The largest window that a block's frame may ask for, as a power of two: 8 MiB, what level 19 takes if it does not know
 * the size. The kernel has room for the block size only, and no compressor of images asks for more than a few mebibytes.
 */
const WINDOW_LOG = 23

function inflate(bytes: Uint8Array, output: Uint8Array): number {
  const limit = output.length
  const content = inflateSync(bytes, { maxOutputLength: limit, chunkSize: limit + SPARE })
  output.set(content)
  return content.length
}

function bounded(fail: Fail, name: string, expand: DecompressBlock): Decompress {
  return (bytes, output) => {
    try {
      return expand(bytes, output)
    } catch (cause) {
      throw fail(`a block cannot be expanded with ${name} (${messageOf(cause)})`, undefined, cause)
    }
  }
}

/** The library has no bound of its own, so the largest size of a frame is computed before it is expanded. */
function packagedZstd(fail: Fail): Decompress {
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

/**
 * Expanding: what a codec compressed comes back, and never more than it may be: an image says what it wants.
 *
 * zstd and gzip. Each of the others (xz, lzma, lz4, lzo) would take a package with a binary of its own, for images that
 * `venv-packer` does not make.
 */
import * as zlib from 'node:zlib'
import { inflateSync, type ZlibOptions, constants as zlibConstants } from 'node:zlib'
import type { ImageError, ImageErrorCode } from '../errors.js'
import { Compressor } from '../format/compressor-options.js'
import { frameBound } from './zstd-bound.js'
import { loadBundledZstd } from './zstd-bundled.js'

/**
 * Gives back the content of one block that was compressed.
 * @param limit the most bytes that it may have.
 * @throws ImageError when the bytes are no such block, or its content is larger.
 */
export type Expand = (bytes: Uint8Array, limit: number) => Uint8Array | Promise<Uint8Array>

/** Makes the error that says what is wrong with the image. */
type Fail = (what: string, code?: ImageErrorCode, cause?: unknown) => ImageError

/**
 * How to expand the blocks of an image.
 * @param compressor the id in the image's superblock.
 * @throws ImageError for a compressor that is unknown here.
 */
export function expanderOf(compressor: number, fail: Fail): Expand {
  switch (compressor) {
    case Compressor.ZSTD:
      return nodesZstd(fail) ?? packagedZstd(fail)
    case Compressor.GZIP:
      return (bytes, limit) =>
        bounded(fail, 'gzip', () => inflateSync(bytes, { maxOutputLength: limit, chunkSize: limit + SPARE }))
    default:
      throw fail(
        `it is compressed with ${nameOf(compressor)}, and this library reads zstd and gzip: extract it with unsquashfs and pack it again`,
        'UNKNOWN_COMPRESSOR',
      )
  }
}

/** More room than the content takes: what exactly fits makes zlib ask for a second buffer. */
const SPARE = 64

/**
 * The largest window that a block's frame may ask for, as a power of two: 8 MiB, what level 19 takes if it does not know
 * the size. The kernel has room for the block size only, and no compressor of images asks for more than a few mebibytes.
 */
const WINDOW_LOG = 23

interface ZstdOfNode {
  readonly zstdDecompressSync: (
    bytes: Uint8Array,
    options: ZlibOptions & { readonly params: Readonly<Record<number, number>> },
  ) => Uint8Array
}

/** Node has zstd since 22.15 and 23.8. */
function hasZstd(library: object): library is ZstdOfNode {
  return 'zstdDecompressSync' in library && typeof library.zstdDecompressSync === 'function'
}

function nodesZstd(fail: Fail): Expand | null {
  if (!hasZstd(zlib)) return null
  const { zstdDecompressSync } = zlib
  const windowLog = (zlibConstants as Readonly<Record<string, number>>).ZSTD_d_windowLogMax
  const params = windowLog === undefined ? {} : { [windowLog]: WINDOW_LOG }
  return (bytes, limit) =>
    bounded(fail, 'zstd', () =>
      zstdDecompressSync(bytes, { maxOutputLength: limit, chunkSize: limit + SPARE, params }),
    )
}

function bounded(fail: Fail, name: string, expand: () => Uint8Array): Uint8Array {
  try {
    return expand()
  } catch (cause) {
    throw fail(`a block cannot be expanded with ${name} (${messageOf(cause)})`, undefined, cause)
  }
}

/** The library has no bound of its own: what a frame may become at most is known before it is expanded. */
function packagedZstd(fail: Fail): Expand {
  return async (bytes, limit) => {
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
    return content
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function nameOf(compressor: number): string {
  const known = Object.entries(Compressor).find(([, id]) => id === compressor)
  return known ? known[0].toLowerCase() : `compressor ${compressor}`
}

/**
 * zstd decompression with Node: one decompressor for all blocks of a thread.
 *
 * `zstdDecompressSync` creates a stream, a context and an output buffer for each call, which is a third of the time for a block
 * of 128 KiB, and most of the time for a metadata block. So the native handle of one decompressor is reused
 * (`zlib-handle.ts`). It is used for complete frames that declare their content size: after a truncated frame it could not
 * decompress the next one. Other frames are decompressed by `zstdDecompressSync`, and so are all frames if the handle does not
 * give the same result.
 */
import * as zlib from 'node:zlib'
import { nativeSideOf, writeBlock } from './zlib-handle.js'
import { frameBound } from './zstd-bound.js'

/**
 * Decompresses a block into the start of `output`.
 * @returns the length of the content.
 * @throws Error if the bytes are not a valid block, or the content does not fit.
 */
export type DecompressBlock = (bytes: Uint8Array, output: Uint8Array) => number

/** The part of `node:zlib` that exists since Node 22.15. */
interface ZstdInNode {
  readonly deflateSync: unknown
  readonly zstdDecompressSync?: (bytes: Uint8Array, options: DecompressOptions) => Uint8Array
  readonly ZstdDecompress?: new (options: DecompressOptions) => unknown
}

interface DecompressOptions {
  readonly params: Readonly<Record<number, number>>
  readonly maxOutputLength?: number
  readonly chunkSize?: number
}

// Constants of zstd.h, which Node has since 22.15.
const ZSTD_D_WINDOW_LOG_MAX = 100
const ZSTD_E_END = 2
/** Extra bytes of the output buffer: zlib allocates a second buffer if the content fills the first one exactly. */
const SPARE = 64

const { zstdDecompressSync, ZstdDecompress }: ZstdInNode = zlib

/**
 * @param windowLog base-2 logarithm of the largest window that a frame may declare.
 * @returns null if this Node has no zstd.
 */
export function createNodeDecompressor(windowLog: number): DecompressBlock | null {
  if (!zstdDecompressSync || !ZstdDecompress) return null
  const params = { [ZSTD_D_WINDOW_LOG_MAX]: windowLog }
  const decompressOnce: DecompressBlock = (bytes, output) => {
    const limit = output.length
    const content = zstdDecompressSync(bytes, { params, maxOutputLength: limit, chunkSize: limit + SPARE })
    output.set(content)
    return content.length
  }
  let reused: DecompressBlock | null = null
  let isTested = false

  /** Decompresses the first block with both functions. The handle does it twice, to show that it can be reused. */
  function testedWith(bytes: Uint8Array, output: Uint8Array): DecompressBlock {
    const length = decompressOnce(bytes, output)
    const other = new Uint8Array(length)
    const isSame = (decompress: DecompressBlock) =>
      [1, 2].every(
        () =>
          decompress(bytes, other.fill(0)) === length &&
          Buffer.compare(other, output.subarray(0, length)) === 0,
      )
    const reusable = reusableDecompressor(new ZstdDecompress!({ params }))
    const isUsable = reusable !== null && isSame(reusable)
    isTested = true
    return isUsable ? reusable : decompressOnce
  }

  return (bytes, output) => {
    const frame = frameBound(bytes, output.length, 2 ** windowLog)
    if (!frame?.exact) return decompressOnce(bytes, output)
    const decompress = isTested
      ? (reused ?? reusableDecompressor(new ZstdDecompress!({ params })) ?? decompressOnce)
      : testedWith(bytes, output)
    // A decompressor that failed is not reused.
    reused = null
    const length = decompress(bytes, output)
    if (length !== frame.bytes) return decompressOnce(bytes, output)
    reused = decompress
    return length
  }
}

/** Decompresses all blocks with one native handle; null if the stream does not have the expected fields. */
function reusableDecompressor(stream: unknown): DecompressBlock | null {
  const native = nativeSideOf(stream)
  if (native === null) return null
  let failure: string | null = null
  native.handle.onerror = (message) => {
    failure = message
  }
  return (bytes, output) => {
    const length = writeBlock(native, ZSTD_E_END, bytes, output)
    if (failure !== null) throw new Error(failure)
    return length
  }
}

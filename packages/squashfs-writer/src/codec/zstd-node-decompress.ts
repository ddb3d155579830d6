/**
 * zstd in Node, the other way: one decompressor for all blocks of a thread.
 *
 * `zstdDecompressSync` makes a stream, a context and an output buffer for every call: a third of the time that a block of
 * 128 KiB takes, and most of what a metadata block takes. So the native side of one decompressor is used for all
 * (`zlib-handle.ts`), for frames that are complete and say their size: after one that is cut off it would not be ready for
 * the next. All other frames, and all where it does not give what the public call gives, go through the public call.
 */
import * as zlib from 'node:zlib'
import { nativeSideOf } from './zlib-handle.js'
import { frameBound } from './zstd-bound.js'

/**
 * Writes the content of a block to the beginning of `output`, and gives its length.
 * @throws Error for what is no block, or does not fit.
 */
export type DecompressBlock = (bytes: Uint8Array, output: Uint8Array) => number

/** The part of `node:zlib` that came with Node 22.15. */
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

// Numbers of zstd.h, which Node's constants have only since 22.15.
const ZSTD_D_WINDOW_LOG_MAX = 100
const ZSTD_E_END = 2
/** More bytes than the content takes: a buffer of exactly its size makes zlib ask for a second one. */
const SPARE = 64

const { zstdDecompressSync, ZstdDecompress }: ZstdInNode = zlib

/**
 * @param windowLog the largest window that a frame may ask for, as a power of two.
 * @returns null where this Node has no zstd.
 */
export function createNodeDecompressor(windowLog: number): DecompressBlock | null {
  if (!zstdDecompressSync || !ZstdDecompress) return null
  const params = { [ZSTD_D_WINDOW_LOG_MAX]: windowLog }
  const publicWay: DecompressBlock = (bytes, output) => {
    const limit = output.length
    const content = zstdDecompressSync(bytes, { params, maxOutputLength: limit, chunkSize: limit + SPARE })
    output.set(content)
    return content.length
  }
  let reusing: DecompressBlock | null = null
  let isTried = false

  /** The first block is expanded in both ways, twice: the end of a frame makes zstd ready for the next one. */
  function tried(bytes: Uint8Array, output: Uint8Array): DecompressBlock {
    const length = publicWay(bytes, output)
    const other = new Uint8Array(length)
    const isSame = (way: DecompressBlock) =>
      [1, 2].every(
        () => way(bytes, other.fill(0)) === length && Buffer.compare(other, output.subarray(0, length)) === 0,
      )
    const way = reuse(new ZstdDecompress!({ params }))
    const isUsable = way !== null && isSame(way)
    isTried = true
    return isUsable ? way : publicWay
  }

  return (bytes, output) => {
    const frame = frameBound(bytes, output.length, 2 ** windowLog)
    if (!frame?.exact) return publicWay(bytes, output)
    const way = isTried
      ? (reusing ?? reuse(new ZstdDecompress!({ params })) ?? publicWay)
      : tried(bytes, output)
    // One that has failed is not used again.
    reusing = null
    const length = way(bytes, output)
    if (length !== frame.bytes) return publicWay(bytes, output)
    reusing = way
    return length
  }
}

/** Expands every block with one decompressor; null where it is not what is known of it. */
function reuse(stream: unknown): DecompressBlock | null {
  const native = nativeSideOf(stream)
  if (native === null) return null
  const { handle, state } = native
  let failure: string | null = null
  handle.onerror = (message) => {
    failure = message
  }
  return (bytes, output) => {
    handle.writeSync(ZSTD_E_END, bytes, 0, bytes.length, output, 0, output.length)
    if (failure !== null) throw new Error(failure)
    return output.length - state[0]!
  }
}

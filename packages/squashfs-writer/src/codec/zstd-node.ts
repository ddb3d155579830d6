/**
 * zstd compression with Node: one compressor for all blocks of a thread.
 *
 * `zstdCompressSync` creates a stream, a context and an output buffer for each call, which cost a fifth of the time for a block,
 * and 100 MB of garbage in each thread. So the native handle of one compressor is reused (`zlib-handle.ts`). If the handle does
 * not have the expected fields, or does not give the same bytes, `zstdCompressSync` is used.
 */
import * as zlib from 'node:zlib'
import { SquashfsError } from '../errors.js'
import { type Codec, compressBound, compressWith } from './codec.js'
import { nativeSideOf, writeBlock } from './zlib-handle.js'

type CompressInto = NonNullable<Codec['compressInto']>

/** The part of `node:zlib` that exists since Node 22.15. */
interface ZstdInNode {
  readonly deflateSync: unknown
  readonly zstdCompressSync?: (bytes: Uint8Array, options: ZstdOptions) => Uint8Array
  readonly ZstdCompress?: new (options: ZstdOptions) => unknown
}

interface ZstdOptions {
  readonly params: Readonly<Record<number, number>>
  readonly chunkSize?: number
}

// Constants of zstd.h, which Node has since 22.15.
const ZSTD_C_COMPRESSION_LEVEL = 100
const ZSTD_E_END = 2

const { zstdCompressSync, ZstdCompress }: ZstdInNode = zlib

/** Whether this Node has zstd. */
export const nodeHasZstd = zstdCompressSync !== undefined && ZstdCompress !== undefined

/** @param level 1 to 22. */
export function createNodeCompressor(level: number): CompressInto {
  const params = { [ZSTD_C_COMPRESSION_LEVEL]: level }
  const compressOnce: CompressInto = (bytes, output) => {
    const result = zstdCompressSync!(bytes, { params, chunkSize: compressBound(bytes.length) })
    output.set(result)
    return result.length
  }
  let compressInto: CompressInto | null = null
  return (bytes, output) => {
    compressInto ??= tested(reusableCompressor(new ZstdCompress!({ params })), compressOnce)
    return compressInto(bytes, output)
  }
}

/**
 * Returns the reusable compressor if it gives the same bytes as `compressOnce`, twice. The test uses a sample rather than the
 * first block, which another level might compress to the same bytes.
 */
function tested(reusable: CompressInto | null, compressOnce: CompressInto): CompressInto {
  if (!reusable) return compressOnce
  const sample = Buffer.from(Array.from({ length: 1000 }, (_, n) => `${n ** 2 % 1009} `).join(''))
  const expected = compressWith(compressOnce)(sample)
  const compress = compressWith(reusable)
  const isSame = [1, 2].every(() => Buffer.compare(compress(sample), expected) === 0)
  return isSame ? reusable : compressOnce
}

/**
 * Compresses all blocks with one native handle; null if the stream does not have the expected fields. After the end of a frame
 * zstd begins a new one. The `reset` method of the handle must not be called: in Node 22 and 24 it resets the level.
 */
function reusableCompressor(stream: unknown): CompressInto | null {
  const compressor = nativeSideOf(stream)
  if (!compressor) return null
  const { state } = compressor
  return (bytes, output) => {
    const length = writeBlock(compressor, ZSTD_E_END, bytes, output)
    if (state[1] !== 0)
      throw new SquashfsError('WORKER', `zstd left ${state[1]} bytes of a block: is there memory enough?`)
    return length
  }
}

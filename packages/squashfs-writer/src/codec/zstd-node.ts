/**
 * zstd in Node: one compressor for all blocks of a thread.
 *
 * `zstdCompressSync` makes a stream, a context and an output buffer for every call, which cost a fifth of the time that a
 * block takes, and 100 MB of garbage for each thread, so the native side of one compressor is used for all
 * (`zlib-handle.ts`). Where it does not look as expected, or does not give what `zstdCompressSync` gives, the public call is
 * used.
 */
import * as zlib from 'node:zlib'
import { SquashfsError } from '../errors.js'
import { type Codec, compressBound, compressWith } from './codec.js'
import { nativeSideOf } from './zlib-handle.js'

type CompressInto = NonNullable<Codec['compressInto']>

/** The part of `node:zlib` that came with Node 22.15. */
interface ZstdInNode {
  readonly deflateSync: unknown
  readonly zstdCompressSync?: (bytes: Uint8Array, options: ZstdOptions) => Uint8Array
  readonly ZstdCompress?: new (options: ZstdOptions) => unknown
}

interface ZstdOptions {
  readonly params: Readonly<Record<number, number>>
  readonly chunkSize?: number
}

// Numbers of zstd.h, which Node's constants have only since 22.15.
const ZSTD_C_COMPRESSION_LEVEL = 100
const ZSTD_E_END = 2

const { zstdCompressSync, ZstdCompress }: ZstdInNode = zlib

/** Whether this Node has zstd. */
export const nodeHasZstd = zstdCompressSync !== undefined && ZstdCompress !== undefined

/** @param level 1 to 22. */
export function createNodeCompressor(level: number): CompressInto {
  const params = { [ZSTD_C_COMPRESSION_LEVEL]: level }
  const publicWay: CompressInto = (bytes, output) => {
    const result = zstdCompressSync!(bytes, { params, chunkSize: compressBound(bytes.length) })
    output.set(result)
    return result.length
  }
  let way: CompressInto | null = null
  return (bytes, output) => {
    way ??= sameWay(reusingWay(new ZstdCompress!({ params })), publicWay)
    return way(bytes, output)
  }
}

/**
 * One compressor for all blocks, if it gives what the public call gives, again and again. Tried with a sample and not with
 * the first block, for which another level may happen to give the same.
 */
function sameWay(reusing: CompressInto | null, publicWay: CompressInto): CompressInto {
  if (!reusing) return publicWay
  const sample = Buffer.from(Array.from({ length: 1000 }, (_, n) => `${n ** 2 % 1009} `).join(''))
  const expected = compressWith(publicWay)(sample)
  const again = compressWith(reusing)
  const isSame = [1, 2].every(() => Buffer.compare(again(sample), expected) === 0)
  return isSame ? reusing : publicWay
}

/**
 * Compresses every block with one compressor; null where it is not what is known of it. The end of a frame makes zstd ready
 * for the next one. The handle's `reset` must not be called: in Node 22 and 24 it forgets the level.
 */
function reusingWay(stream: unknown): CompressInto | null {
  const compressor = nativeSideOf(stream)
  if (!compressor) return null
  const { handle, state } = compressor
  return (bytes, output) => {
    handle.writeSync(ZSTD_E_END, bytes, 0, bytes.length, output, 0, output.length)
    if (state[1] !== 0)
      throw new SquashfsError('WORKER', `zstd left ${state[1]} bytes of a block: is there memory enough?`)
    return output.length - state[0]!
  }
}

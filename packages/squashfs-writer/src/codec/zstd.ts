/** zstd, by the library that is bundled with this package, so that the bytes do not change with Node's version. */

import type { Encoder } from '@toondepauw/node-zstd'
import { Compressor, encodeZstdOptions } from '../format/compressor-options.js'
import type { Codec } from './codec.js'
import { levelOf } from './level.js'
import { loadZstd } from './zstd-library.js'

/** What the format implies when an image has no compressor options. */
const IMPLIED_LEVEL = 15

/**
 * The zstd codec: compresses on libuv's thread pool, several blocks at a time.
 * @param options.level 1 (fast) to 22 (small); 3 if absent. Above 19 each block needs hundreds of megabytes to compress.
 * @throws OptionError for another level.
 */
export function zstd(options: { readonly level?: number } = {}): Codec {
  const level = levelOf(options, 22, 3)
  let encoder: Promise<Encoder> | null = null
  return {
    name: 'zstd',
    id: Compressor.ZSTD,
    ...(level === IMPLIED_LEVEL ? {} : { options: encodeZstdOptions(level) }),
    async compress(bytes) {
      encoder ??= createEncoder(level)
      const { buffer, byteOffset, length } = bytes
      const frame = await (await encoder).encode(Buffer.from(buffer, byteOffset, length))
      return fitForKernel(frame, length)
    },
  }
}

/** Loaded when the first block comes. An encoder is a level and no more: its calls share nothing, and may overlap. */
async function createEncoder(level: number): Promise<Encoder> {
  const { Encoder } = await loadZstd()
  return new Encoder(level)
}

// Of the frame header descriptor (RFC 8878, 3.1.1.1.1)
/** No window descriptor follows, the content is the window. */
const SINGLE_SEGMENT = 0x20
/** Bytes of the content size field by the two upper bits; of a single segment at least one. */
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const
/** Bytes of the dictionary id by the two lower bits. */
const DICTIONARY_BYTES = [0, 1, 2, 4] as const
/** The smallest window that a descriptor can tell: 2^10 bytes. */
const MIN_WINDOW_LOG = 10

// Of a block header (3.1.1.2): three bytes, little-endian: last, two bits of type, 21 bits of size
const BLOCK_HEADER_SIZE = 3
const LAST = 1
/** A block of this type has one byte on disk, whatever its size. */
const RUN_TYPE = 1

/**
 * Makes the bundled encoder's frames fit for the kernel, which is stricter than zstd itself in two ways. The encoder
 * streams and does not know the size of what it compresses, so
 *
 * - it declares the level's window (2 MiB at level 3), where the kernel's decoder has room for max(block size, 8 KiB) and
 *   answers EIO to more. No match reaches back beyond the content itself, so the window can be narrowed to it.
 * - it ends with an empty block of three bytes. Where these lie in another page than what is before them, the kernel has
 *   filled its output, asks for another page of it before it reads on, and gives up with EIO. So the mark of the last
 *   block goes to the block before.
 *
 * Both are in fs/squashfs/zstd_wrapper.c.
 *
 * @param frame a whole frame without a checksum; changed in place.
 * @param contentSize bytes of content, at least 1.
 * @returns the frame, or the part of it that is left.
 */
export function fitForKernel(frame: Uint8Array, contentSize: number): Uint8Array {
  const descriptor = frame[4]!
  const single = (descriptor & SINGLE_SEGMENT) !== 0
  if (!single) {
    const needed = Math.max(MIN_WINDOW_LOG, Math.ceil(Math.log2(contentSize)))
    const declared = MIN_WINDOW_LOG + (frame[5]! >> 3)
    if (needed < declared) frame[5] = (needed - MIN_WINDOW_LOG) << 3
  }
  const sizeBytes = CONTENT_SIZE_BYTES[descriptor >> 6]! || (single ? 1 : 0)
  const firstBlock = 5 + (single ? 0 : 1) + DICTIONARY_BYTES[descriptor & 3]! + sizeBytes
  return endWithContent(frame, firstBlock)
}

function endWithContent(frame: Uint8Array, firstBlock: number): Uint8Array {
  let before = firstBlock
  for (let at = firstBlock; ; ) {
    const header = frame[at]! | (frame[at + 1]! << 8) | (frame[at + 2]! << 16)
    const size = header >> 3
    if (header & LAST) {
      if (size > 0 || at === firstBlock) return frame
      frame[before]! |= LAST
      return frame.subarray(0, at)
    }
    before = at
    at += BLOCK_HEADER_SIZE + (((header >> 1) & 3) === RUN_TYPE ? 1 : size)
  }
}

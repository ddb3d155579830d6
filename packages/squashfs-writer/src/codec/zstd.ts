/** zstd, by the library that is bundled with this package, so that the bytes do not change with Node's version. */

import { OptionError } from '../errors.js'
import { Compressor, encodeZstdOptions } from '../format/compressor-options.js'
import type { Codec } from './codec.js'

/** What the format implies when an image has no compressor options. */
const IMPLIED_LEVEL = 15

/**
 * The zstd codec: compresses on libuv's thread pool, several blocks at a time.
 * @param options.level 1 (fast) to 22 (small); 3 if absent. Above 19 each block needs hundreds of megabytes to compress.
 * @throws OptionError for another level.
 */
export function zstd(options: { readonly level?: number } = {}): Codec {
  const level = options.level ?? 3
  if (!Number.isInteger(level) || level < 1 || level > 22)
    throw new OptionError('level', `${level}; zstd has the levels 1 to 22`)
  let bindings: Promise<typeof import('@mongodb-js/zstd/bindings.js')> | null = null
  return {
    name: 'zstd',
    id: Compressor.ZSTD,
    ...(level === IMPLIED_LEVEL ? {} : { options: encodeZstdOptions(level) }),
    async compress(bytes) {
      bindings ??= import('@mongodb-js/zstd/bindings.js')
      const { compress } = await bindings
      return fitWindow(await compress(bytes, level), bytes.length)
    },
  }
}

/** Bit 5 of the frame header descriptor: no window descriptor follows, the content is the window. */
const SINGLE_SEGMENT = 0x20
/** The smallest window that a descriptor can tell: 2^10 bytes. */
const MIN_WINDOW_LOG = 10

/**
 * Narrows the window that a zstd frame declares to what its content needs.
 *
 * The bundled encoder streams, does not know the size beforehand and declares the level's window (2 MiB at level 3). The
 * kernel's decoder is given max(block size, 8 KiB) and answers EIO to more (fs/squashfs/zstd_wrapper.c), though no match
 * reaches back beyond the content itself. The window descriptor is byte 5 (RFC 8878, 3.1.1.1.2): exponent in the upper
 * five bits, mantissa in the lower three.
 *
 * @param frame a whole frame; changed in place and returned.
 * @param contentSize bytes of content, at least 1.
 */
export function fitWindow(frame: Uint8Array, contentSize: number): Uint8Array {
  if (frame[4]! & SINGLE_SEGMENT) return frame
  const needed = Math.max(MIN_WINDOW_LOG, Math.ceil(Math.log2(contentSize)))
  const declared = MIN_WINDOW_LOG + (frame[5]! >> 3)
  if (needed < declared) frame[5] = (needed - MIN_WINDOW_LOG) << 3
  return frame
}

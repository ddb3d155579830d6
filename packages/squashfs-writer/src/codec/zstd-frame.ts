/** zstd frames: rewrites frames so that the kernel can decompress them. RFC 8878, section 3.1.1. */

// Of the frame header descriptor (3.1.1.1.1)
/** No window descriptor follows: the window size is the content size. */
const SINGLE_SEGMENT = 0x20
/** Length of the content size field by the upper two bits; at least one byte in a single segment. */
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const
/** Length of the dictionary id by the lower two bits. */
const DICTIONARY_BYTES = [0, 1, 2, 4] as const
const MAGIC_SIZE = 4

// Of a block header (3.1.1.2): three little-endian bytes with one bit for the last block, two of type, 21 of size
const BLOCK_HEADER_SIZE = 3
const LAST = 1
/** A block of this type has one byte on disk, for any size. */
const RUN_TYPE = 1

/**
 * Rewrites the frame of a streaming encoder so that the kernel can decompress it, and so that readers can see the content
 * size. A streaming encoder does not know the content size, which causes two problems (see fs/squashfs/zstd_wrapper.c):
 *
 * - The frame declares the window size of the level (2 MiB at level 3). The kernel fails with EIO if it is more than
 *   max(block size, 8 KiB). No match refers to bytes before the content, so the window can be as small as the content. The
 *   new header is that of a single segment, which declares the content size.
 * - The frame may end with an empty block of three bytes. If these are in another page than the bytes before them, the kernel
 *   needs another page of output before it reads them, finds none, and fails with EIO. So the empty block is removed and the
 *   block before it becomes the last one.
 *
 * @param frame a whole frame without checksum and dictionary; may be changed in place.
 * @param contentSize bytes of content, at least 1.
 * @returns a frame with the same content.
 */
export function fitForKernel(frame: Uint8Array, contentSize: number): Uint8Array {
  const descriptor = frame[MAGIC_SIZE]!
  const single = (descriptor & SINGLE_SEGMENT) !== 0
  const sizeBytes = CONTENT_SIZE_BYTES[descriptor >> 6]! || (single ? 1 : 0)
  const firstBlock = MAGIC_SIZE + 1 + (single ? 0 : 1) + DICTIONARY_BYTES[descriptor & 3]! + sizeBytes
  const blocks = endWithContent(frame, firstBlock).subarray(firstBlock)
  const header = singleSegmentHeader(contentSize)
  const fit = new Uint8Array(MAGIC_SIZE + header.length + blocks.length)
  fit.set(frame.subarray(0, MAGIC_SIZE))
  fit.set(header, MAGIC_SIZE)
  fit.set(blocks, MAGIC_SIZE + header.length)
  return fit
}

/** The descriptor and content size of a single segment. A content size of two bytes is stored minus 256 (3.1.1.1.4). */
function singleSegmentHeader(size: number): Uint8Array {
  if (size < 256) return Uint8Array.of(SINGLE_SEGMENT, size)
  if (size < 65_536 + 256) return Uint8Array.of(SINGLE_SEGMENT | 0x40, (size - 256) & 0xff, (size - 256) >> 8)
  return Uint8Array.of(
    SINGLE_SEGMENT | 0x80,
    size & 0xff,
    (size >> 8) & 0xff,
    (size >> 16) & 0xff,
    size >>> 24,
  )
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

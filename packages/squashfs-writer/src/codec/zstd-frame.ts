/** zstd frames: the header of a frame, made fit for the kernel. RFC 8878, section 3.1.1. */

// Of the frame header descriptor (3.1.1.1.1)
/** No window descriptor follows, the content is the window. */
const SINGLE_SEGMENT = 0x20
/** Bytes of the content size field by the two upper bits; of a single segment at least one. */
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const
/** Bytes of the dictionary id by the two lower bits. */
const DICTIONARY_BYTES = [0, 1, 2, 4] as const
const MAGIC_SIZE = 4

// Of a block header (3.1.1.2): three bytes, little-endian: last, two bits of type, 21 bits of size
const BLOCK_HEADER_SIZE = 3
const LAST = 1
/** A block of this type has one byte on disk, whatever its size. */
const RUN_TYPE = 1

/**
 * Makes the frames of a streaming encoder fit for the kernel, which is stricter than zstd itself in two ways, and for
 * readers that want to know the content's size beforehand. Such an encoder does not know the size of what it compresses, so
 *
 * - it declares the level's window (2 MiB at level 3), where the kernel's decoder has room for max(block size, 8 KiB) and
 *   answers EIO to more. No match reaches back beyond the content itself, so the content can be the window: the header
 *   becomes one of a single segment, which tells the content's size.
 * - it may end with an empty block of three bytes. Where these lie in another page than what is before them, the kernel has
 *   filled its output, asks for another page of it before it reads on, and gives up with EIO. So the mark of the last
 *   block goes to the block before.
 *
 * Both are in fs/squashfs/zstd_wrapper.c.
 *
 * @param frame a whole frame without a checksum or a dictionary; may be changed in place.
 * @param contentSize bytes of content, at least 1.
 * @returns a frame of the same content.
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

/** Descriptor and content size of a frame whose window is its content (3.1.1.1.4: two bytes count from 256). */
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

/** zstd bound: an upper bound for the content of a frame, from the headers of the frame and its blocks (RFC 8878, section 3.1.1). */

const MAGIC = 0xfd2f_b528
/** Maximum content of one block of a frame, in bytes. */
const MAX_BLOCK = 131_072
/**
 * Maximum number of blocks in the frame of one image block of 1 MiB: eight blocks of 128 KiB, each split into up to 196
 * (zstd_compress.c, ZSTD_MAX_NB_BLOCK_SPLITS), and an empty one at the end.
 */
const MAX_BLOCKS = 8 * 196 + 1

/** An upper bound for the content of a frame. */
export interface FrameBound {
  readonly bytes: number
  /** Whether the frame declares its content size, which `bytes` then is. */
  readonly exact: boolean
}

/**
 * Computes an upper bound for the content of a frame without decompressing it.
 * @param limit the maximum content size, in bytes, of a frame that declares it. The bound of any other frame is at most
 * 200 MiB, since a compressed block does not declare its content size, which is at most 128 KiB.
 * @param window the maximum window size, in bytes.
 * @returns null if the bytes are not exactly one frame, or exceed one of these limits.
 */
export function frameBound(bytes: Uint8Array, limit: number, window: number): FrameBound | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 6 || view.getUint32(0, true) !== MAGIC) return null
  const descriptor = bytes[4]!
  const single = (descriptor & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][descriptor & 3]!
  const contentField = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!
  let at = 5
  if ((descriptor & 0x08) !== 0) return null // a reserved bit
  let windowSize = 0
  if (!single) {
    const code = bytes[at++]!
    const base = 2 ** (10 + (code >> 3))
    windowSize = base + (base / 8) * (code & 7)
  }
  at += dictionary
  if (at + contentField > bytes.length) return null
  const content = contentSize(view, at, contentField)
  at += contentField
  if (single) windowSize = content ?? 0
  if (windowSize > window || (content !== null && content > limit)) return null
  let bound = 0
  for (let blocks = 1; ; blocks++) {
    if (blocks > MAX_BLOCKS || at + 3 > bytes.length) return null
    const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
    at += 3
    const size = header >>> 3
    const type = (header >> 1) & 3
    if (type === 3 || size > MAX_BLOCK) return null
    bound += type === 2 ? Math.min(MAX_BLOCK, Math.max(windowSize, 1024)) : size
    at += type === 1 ? 1 : size
    if ((header & 1) !== 0) break
  }
  if ((descriptor & 0x04) !== 0) at += 4 // a checksum
  if (at !== bytes.length) return null
  return content === null ? { bytes: bound, exact: false } : { bytes: content, exact: true }
}

function contentSize(view: DataView, at: number, field: number): number | null {
  switch (field) {
    case 1:
      return view.getUint8(at)
    case 2:
      return view.getUint16(at, true) + 256
    case 4:
      return view.getUint32(at, true)
    case 8:
      return view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000
    default:
      return null
  }
}

/** Fragment table: the position and size of each fragment block, which holds the tails of several files. */
import { getUint64, setUint32, setUint64, viewOf } from './byte-order.js'

export const FRAGMENT_ENTRY_SIZE = 16
/** The fragment index of a file without a fragment. */
export const NO_FRAGMENT = 0xffff_ffff

export interface FragmentEntry {
  /** Bytes from the start of the image. */
  readonly start: number
  /** See `blockSizeWord`. */
  readonly sizeWord: number
}

/** Encodes one entry: u64 start, u32 size word, u32 unused. */
export function encodeFragmentEntry(entry: FragmentEntry): Uint8Array {
  const bytes = new Uint8Array(FRAGMENT_ENTRY_SIZE)
  setUint64(bytes, 0, entry.start)
  setUint32(bytes, 8, entry.sizeWord)
  return bytes
}

/** Decodes one entry. */
export function decodeFragmentEntry(bytes: Uint8Array): FragmentEntry {
  const view = viewOf(bytes)
  return { start: getUint64(view, 0), sizeWord: view.getUint32(8, true) }
}

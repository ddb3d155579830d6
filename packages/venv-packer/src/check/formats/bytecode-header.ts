/** Parses the first 16 bytes of a `.pyc` file (PEP 552), by which Python decides whether the bytecode matches its source. */

export const BYTECODE_HEADER_SIZE = 16

export type BytecodeHeader =
  /** Matches a source with this time (seconds modulo 2^32) and this size (bytes modulo 2^32). */
  | { readonly kind: 'timestamp'; readonly mtime: number; readonly size: number }
  /** Contains a hash of the source. `checked`: Python reads the source at every import, and compares. */
  | { readonly kind: 'hash'; readonly checked: boolean }

const HASH_BASED = 0b01
const CHECK_SOURCE = 0b10

/** Null if Python would not accept the file as bytecode. */
export function parseBytecodeHeader(bytes: Uint8Array): BytecodeHeader | null {
  if (bytes.length < BYTECODE_HEADER_SIZE) return null
  // The magic number: two bytes for the Python version, then CR LF.
  if (bytes[2] !== 0x0d || bytes[3] !== 0x0a) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, BYTECODE_HEADER_SIZE)
  const flags = view.getUint32(4, true)
  if (flags & HASH_BASED) return { kind: 'hash', checked: (flags & CHECK_SOURCE) !== 0 }
  return { kind: 'timestamp', mtime: view.getUint32(8, true), size: view.getUint32(12, true) }
}

/** The first 16 bytes of a `.pyc` file: how Python tells whether the bytecode fits its source. PEP 552. */

export const BYTECODE_HEADER_SIZE = 16

export type BytecodeHeader =
  /** Fits a source of this time (seconds modulo 2^32) and this size (bytes modulo 2^32). */
  | { readonly kind: 'timestamp'; readonly mtime: number; readonly size: number }
  /** Fits a source of a certain hash; `checked`: Python reads the source at every import to compare. */
  | { readonly kind: 'hash'; readonly checked: boolean }

const HASH_BASED = 0b01
const CHECK_SOURCE = 0b10

/** Null for what Python would not take for bytecode. */
export function parseBytecodeHeader(bytes: Uint8Array): BytecodeHeader | null {
  if (bytes.length < BYTECODE_HEADER_SIZE) return null
  // The magic number: two bytes that differ from version to version, then always CR LF.
  if (bytes[2] !== 0x0d || bytes[3] !== 0x0a) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, BYTECODE_HEADER_SIZE)
  const flags = view.getUint32(4, true)
  if (flags & HASH_BASED) return { kind: 'hash', checked: (flags & CHECK_SOURCE) !== 0 }
  return { kind: 'timestamp', mtime: view.getUint32(8, true), size: view.getUint32(12, true) }
}

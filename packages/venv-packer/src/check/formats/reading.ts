/** Separates parsers from file access: a parser is a generator that requests ranges of a file from its caller, who has it open. */

import type { ByteString } from 'squashfs-writer/paths'

/** Bytes of a file. */
export interface Range {
  readonly start: number
  readonly length: number
}

/** Yields ranges, and receives the bytes of each. A range that exceeds the file gives fewer bytes. */
export type Reading<T> = Generator<readonly Range[], T, readonly Uint8Array[]>

/** Requests one range. */
export function* part(start: number, length: number): Reading<Uint8Array> {
  const [bytes] = yield [{ start, length }]
  return bytes!
}

/** Bytes as a string with one character for each byte. */
export function latin1({ buffer, byteOffset, length }: Uint8Array): ByteString {
  return Buffer.from(buffer, byteOffset, length).toString('latin1')
}

/** A reading: a format decoded from parts of a file. It requests one after another from the caller, who has the file open. */

import type { ByteString } from 'squashfs-writer/paths'

/** Bytes of a file. */
export interface Range {
  readonly start: number
  readonly length: number
}

/** Asks for ranges, some at a time, and is given the bytes of each: fewer where the file ends before. */
export type Reading<T> = Generator<readonly Range[], T, readonly Uint8Array[]>

/** Asks for one range. */
export function* part(start: number, length: number): Reading<Uint8Array> {
  const [bytes] = yield [{ start, length }]
  return bytes!
}

/** Bytes as a text of as many characters. */
export function latin1({ buffer, byteOffset, length }: Uint8Array): ByteString {
  return Buffer.from(buffer, byteOffset, length).toString('latin1')
}

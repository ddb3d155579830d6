/** Converts paths, which are byte strings here, for Node's `fs` and to text. */
import { type ByteString, toBytes } from 'squashfs-writer/paths'

/** A path for Node's `fs`: a string for ASCII, otherwise bytes. */
export function diskPath(path: ByteString): string | Buffer {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern is all of ASCII.
  return /^[\u0000-\u007f]*$/.test(path) ? path : Buffer.from(toBytes(path))
}

/** The text of a UTF-8 path. */
export function textOf(path: ByteString): string {
  return Buffer.from(path, 'latin1').toString('utf8')
}

/** Paths of an environment as bytes: for Node's `fs`, and as text. */
import { type ByteString, toBytes } from 'squashfs-writer/paths'

/** As Node's `fs` takes it: text where that says the same, bytes where it does not. */
export function diskPath(path: ByteString): string | Buffer {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is the point.
  return /^[\u0000-\u007f]*$/.test(path) ? path : Buffer.from(toBytes(path))
}

/** The text of a path that is UTF-8. */
export function textOf(path: ByteString): string {
  return Buffer.from(path, 'latin1').toString('utf8')
}

/** A byte string as Node's `fs` takes it: text where that says the same, bytes where it does not. */
import { type ByteString, toBytes } from 'squashfs-writer/paths'

export function diskPath(path: ByteString): string | Buffer {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is the point.
  return /^[\u0000-\u007f]*$/.test(path) ? path : Buffer.from(toBytes(path))
}

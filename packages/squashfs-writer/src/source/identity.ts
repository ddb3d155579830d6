/**
 * Identity: shows whether a file is the one that the scan found, and unchanged. Times are compared in nanoseconds.
 *
 * It is a byte string, since one is created for every file and few are decoded. Its fields are little-endian: the inode number
 * (8 bytes), the size (8), ctime (16), mtime (16), uid, gid, mode, and the filesystem (8).
 */
import { type ByteString, toBytes } from '../tree/byte-string.js'
import type { Identity } from '../tree/node.js'

/** Identifies the inode, in any state. All hard links to it have the same one. */
export function inodeOf(identity: Identity): ByteString {
  return identity.slice(0, 8) + identity.slice(-8)
}

/** ctime, in milliseconds since 1970. */
export function changedAt(identity: Identity): number {
  const seconds = uint32At(identity, CTIME) + (uint32At(identity, CTIME + 4) | 0) * 2 ** 32
  return seconds * 1000 + uint32At(identity, CTIME + 8) / 1_000_000
}

/** Not by way of `toBytes`: the recorder reads a field of every file. */
function uint32At(identity: Identity, at: number): number {
  const byte = (n: number) => identity.charCodeAt(at + n)
  return (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0
}

/** Start and end of ctime: seconds in eight bytes, then nanoseconds. */
const [CTIME, CTIME_END] = [16, 32]

/**
 * Whether only ctime differs. This is so if the file gained or lost a name, such as a hard link from a package cache. An xattr may
 * have changed, too, and so may the content, if mtime was set back afterwards. So the file must be read again.
 */
export function differsInCtimeAlone(seen: Identity, now: Identity): boolean {
  const rest = (identity: Identity) => identity.slice(0, CTIME) + identity.slice(CTIME_END)
  return now !== seen && rest(now) === rest(seen)
}

/** Describes how a file has changed; null if it has not. */
export function changeSince(seen: Identity, now: Identity): string | null {
  if (now === seen) return null
  if (inodeOf(now) !== inodeOf(seen)) return 'it was replaced by another file after it was found'
  const [before, after] = [sizeOf(seen), sizeOf(now)]
  if (before === after) return 'its content or metadata was changed after it was found'
  return `it ${after < before ? 'shrank' : 'grew'} from ${before} to ${after} bytes after it was found`
}

function sizeOf(identity: Identity): bigint {
  return new DataView(toBytes(identity).buffer).getBigUint64(8, true)
}

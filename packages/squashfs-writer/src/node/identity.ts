/**
 * Identity: what tells that a file is the one that was seen, unchanged, to the nanosecond and to the last bit of 64.
 *
 * A byte string, made for every file and looked into for few: the inode's number in its first eight bytes, the size in the
 * next eight, both little-endian, then the times of the last changes to content and metadata, and in the last eight bytes
 * the filesystem.
 */
import { type ByteString, toBytes } from '../tree/byte-string.js'
import type { Identity } from '../tree/node.js'

/** The inode as such, whatever its state: names that share it are hard links. */
export function inodeOf(identity: Identity): ByteString {
  return identity.slice(0, 8) + identity.slice(-8)
}

/** How a file differs from what was seen of it, in words; null when it does not. */
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

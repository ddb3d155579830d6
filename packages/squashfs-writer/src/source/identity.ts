/**
 * Identity: tells that a file is the one that was seen, unchanged, to the nanosecond and to the last bit of 64.
 *
 * A byte string, made for every file and looked into for few: the inode's number in its first eight bytes, the size in the
 * next eight, both little-endian, the time of the last change of any kind (ctime) in the next sixteen, then the time of the
 * last change to the content, owner, group, type and permissions, and in the last eight bytes the filesystem.
 */
import { type ByteString, toBytes } from '../tree/byte-string.js'
import type { Identity } from '../tree/node.js'

/** The inode as such, whatever its state: names that share it are hard links. */
export function inodeOf(identity: Identity): ByteString {
  return identity.slice(0, 8) + identity.slice(-8)
}

/** When it was last changed in any way, in milliseconds since 1970. */
export function changedAt(identity: Identity): number {
  const view = new DataView(toBytes(identity).buffer, CTIME)
  return Number(view.getBigInt64(0, true)) * 1000 + view.getUint32(8, true) / 1_000_000
}

/** Where the time of the last change of any kind lies: seconds in eight bytes, then nanoseconds. */
const [CTIME, CTIME_END] = [16, 32]

/**
 * Whether nothing but the time of the last change of any kind differs. So it is when the file got or lost a name, as the
 * files of an environment do that are hard links to those of a package cache. An xattr may have changed, too. A change of the
 * content shows only if its author did not set its time back; so a file that was read before must be read again.
 */
export function differsInCtimeAlone(seen: Identity, now: Identity): boolean {
  const rest = (identity: Identity) => identity.slice(0, CTIME) + identity.slice(CTIME_END)
  return now !== seen && rest(now) === rest(seen)
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

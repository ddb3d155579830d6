/** Identity: what tells that a file is the one that was seen, unchanged, to the nanosecond and to the last bit of 64. */
import type { BigIntStats } from 'node:fs'
import type { Identity } from '../tree/node.js'

/** The inode as such, whatever its state: names that share it are hard links. */
export function inodeOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`
}

export function identityOf(stats: BigIntStats): Identity {
  return `${inodeOf(stats)} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`
}

/** How a file differs from what was seen of it, in words; null when it does not. */
export function changeSince(seen: Identity, stats: BigIntStats): string | null {
  if (identityOf(stats) === seen) return null
  const [inode, size] = seen.split(' ')
  if (inodeOf(stats) !== inode) return 'it was replaced by another file after it was found'
  if (`${stats.size}` === size) return 'its content or metadata was changed while it was packed'
  const verb = stats.size < BigInt(size!) ? 'shrank' : 'grew'
  return `it ${verb} from ${size} to ${stats.size} bytes while it was packed`
}

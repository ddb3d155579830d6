/** Path lookup: from names to an inode, by directory indexes; symlinks are followed on request, and never out of the image. */
import { InodeType } from '../format/inode.js'
import { MAX_LINKS_FOLLOWED } from '../format/limits.js'
import { type ByteString, fromBytes } from '../tree/byte-string.js'
import { lookUp } from './directory-reader.js'
import { type ImageInode, rootOf } from './inode-reader.js'
import type { Parts } from './parts.js'

export interface Found {
  readonly inode: ImageInode
  /** From the image's root, without symlinks as far as they were followed; '' for the root. */
  readonly path: ByteString
}

/**
 * The inode at a path from the image's root.
 * @param follow whether symlinks are followed, also the last. An absolute target starts at the image's root, and `..` at the root stays there, as if the image were mounted at `/`.
 * @returns null where there is nothing, also behind a circle of symlinks.
 */
export async function findPath(parts: Parts, path: ByteString, follow: boolean): Promise<Found | null> {
  const root = await rootOf(parts)
  let links = 0
  let at: Found[] = [{ inode: root, path: '' }]
  const waiting = namesOf(path).reverse()
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const { inode, path } = at.at(-1)!
    if (inode.type !== InodeType.DIRECTORY) return null
    if (name === '..' && follow) {
      if (at.length > 1) at.pop()
      continue
    }
    const found = await lookUp(parts, inode, name)
    if (found === null) return null
    if (found.type === InodeType.SYMLINK && follow) {
      if (++links > MAX_LINKS_FOLLOWED) return null
      const target = fromBytes(found.target)
      if (target.startsWith('/')) at = at.slice(0, 1)
      waiting.push(...namesOf(target).reverse())
      if (waiting.length > MOST_NAMES) return null
      continue
    }
    at.push({ inode: found, path: path === '' ? name : `${path}/${name}` })
  }
  return at.at(-1)!
}

/** Names on the way of one path. Linux takes paths of 4,096 bytes. */
const MOST_NAMES = 65_536

function namesOf(path: ByteString): ByteString[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

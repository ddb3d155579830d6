/** Path lookup: finds the inode at a path by directory indexes. It follows symlinks if asked to, but never out of the image. */
import { InodeType } from '../format/inode.js'
import { MAX_LINKS_FOLLOWED } from '../format/limits.js'
import { type ByteString, fromBytes } from '../tree/byte-string.js'
import { lookUp } from './directory-reader.js'
import { type ImageInode, rootOf } from './inode-reader.js'
import type { ReaderContext } from './reader-context.js'

export interface Found {
  readonly inode: ImageInode
  /** From the root of the image, after symlinks were followed; '' for the root. */
  readonly path: ByteString
}

/**
 * Finds the inode at a path from the root of the image.
 * @param follow whether symlinks are followed, including the last part. An absolute target begins at the root of the image, and
 * `..` at the root stays there, as if the image were mounted at `/`.
 * @returns null if there is none, or the symlinks form a loop.
 */
export async function findPath(
  context: ReaderContext,
  path: ByteString,
  follow: boolean,
): Promise<Found | null> {
  const root = await rootOf(context)
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
    const found = await lookUp(context, inode, name)
    if (found === null) return null
    if (found.type === InodeType.SYMLINK && follow) {
      if (++links > MAX_LINKS_FOLLOWED) return null
      const target = fromBytes(found.target)
      if (target.startsWith('/')) at = at.slice(0, 1)
      waiting.push(...namesOf(target).reverse())
      if (waiting.length > MAX_NAMES) return null
      continue
    }
    at.push({ inode: found, path: path === '' ? name : `${path}/${name}` })
  }
  return at.at(-1)!
}

/** Maximum number of names that are still to be looked up. A path on Linux has at most 4,096 bytes. */
const MAX_NAMES = 65_536

function namesOf(path: ByteString): ByteString[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

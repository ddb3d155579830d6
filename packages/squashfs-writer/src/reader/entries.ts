/** Entries: the content of an image as entries, in the form that `writeImage` takes. */
import { decodeDeviceNumber } from '../format/device-number.js'
import { InodeType } from '../format/inode.js'
import { type ByteString, fromBytes, toPath } from '../tree/byte-string.js'
import type { Entry } from '../tree/entry.js'
import type { Xattr } from '../tree/node.js'
import type { ContentReader } from './file-content.js'
import type { ImageDirectory, ImageInode } from './inode-reader.js'
import type { ReaderContext } from './reader-context.js'
import { walk } from './walk.js'
import type { XattrReader } from './xattr-reader.js'

/** An entry of an image. The first name of an inode has the type of the inode; all later names are hard links. */
export type ImageEntry = Entry & {
  /** The inode number. All names of an inode have the same number. */
  readonly inode: number
}

/** The entries of a directory and everything below it. A directory comes before its children, and a hard link after its target. */
export async function* entriesBelow(
  context: ReaderContext,
  contents: ContentReader,
  xattrs: XattrReader,
  path: ByteString,
  start: ImageDirectory,
): AsyncGenerator<ImageEntry> {
  const firstNames = new Map<number, ByteString>()
  for await (const { path: above, inode, names } of walk(context, path, start)) {
    yield await entryOf(above === '' ? '.' : above, inode)
    for (const { name, inode } of names) {
      if (inode.type === InodeType.DIRECTORY) continue
      const path = above === '' ? name : `${above}/${name}`
      const first = inode.links > 1 ? firstNames.get(inode.reference) : undefined
      if (first !== undefined) {
        yield { type: 'hardlink', path: toPath(path), target: toPath(first), inode: inode.head.number }
        continue
      }
      if (inode.links > 1) firstNames.set(inode.reference, path)
      yield await entryOf(path, inode)
    }
  }

  async function entryOf(path: ByteString, inode: ImageInode): Promise<ImageEntry> {
    const { mode, mtime, number, xattrIndex } = inode.head
    const set = await xattrs.read(xattrIndex)
    const common = {
      path: toPath(path),
      mode,
      uid: inode.uid,
      gid: inode.gid,
      mtime,
      ...(set.length === 0 ? {} : { xattrs: namedXattrs(set) }),
      inode: number,
    }
    switch (inode.type) {
      case InodeType.DIRECTORY:
        return { type: 'directory', ...common }
      case InodeType.FILE:
        return {
          type: 'file',
          ...common,
          content: { size: inode.size, open: () => contents.stream(inode) },
        }
      case InodeType.SYMLINK:
        return { type: 'symlink', ...common, target: toPath(fromBytes(inode.target)) }
      case InodeType.BLOCK_DEVICE:
        return { type: 'block-device', ...common, ...decodeDeviceNumber(inode.device) }
      case InodeType.CHARACTER_DEVICE:
        return { type: 'character-device', ...common, ...decodeDeviceNumber(inode.device) }
      case InodeType.FIFO:
        return { type: 'fifo', ...common }
      case InodeType.SOCKET:
        return { type: 'socket', ...common }
    }
  }
}

/** An object if all names are UTF-8, else pairs, in which a name may be bytes. */
function namedXattrs(set: readonly Xattr[]): NonNullable<Exclude<Entry, { type: 'hardlink' }>['xattrs']> {
  const pairs = set.map(([name, value]) => [toPath(name), value] as const)
  const texts = pairs.flatMap(([name, value]) => (typeof name === 'string' ? [[name, value] as const] : []))
  return texts.length === pairs.length ? Object.fromEntries(texts) : pairs
}

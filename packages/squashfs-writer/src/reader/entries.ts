/** Entries: the content of an image, in the form in which a program gives it to `writeImage`. */
import { decodeDeviceNumber } from '../format/device-number.js'
import { InodeType } from '../format/inode.js'
import { type ByteString, fromBytes, toPath } from '../tree/byte-string.js'
import type { Entry } from '../tree/entry.js'
import type { Xattr } from '../tree/node.js'
import type { ContentReader } from './file-content.js'
import type { ImageDirectory, ImageInode } from './inode-reader.js'
import type { Parts } from './parts.js'
import { walk } from './walk.js'
import type { XattrReader } from './xattr-reader.js'

/** An entry of an image. The first name of an inode is of the inode's type, every later one is a hard link to it. */
export type ImageEntry = Entry & {
  /** The inode's number: the same for all of its names. */
  readonly inode: number
}

/** All of a directory and below, the directory itself first; parents before what they hold, targets before hard links. */
export async function* entriesBelow(
  parts: Parts,
  contents: ContentReader,
  xattrs: XattrReader,
  path: ByteString,
  start: ImageDirectory,
): AsyncGenerator<ImageEntry> {
  const firstNames = new Map<number, ByteString>()
  for await (const { path: above, inode, names } of walk(parts, path, start)) {
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

/** By name where all names are UTF-8; else as pairs, which may have bytes for a name. */
function namedXattrs(set: readonly Xattr[]): NonNullable<Exclude<Entry, { type: 'hardlink' }>['xattrs']> {
  const pairs = set.map(([name, value]) => [toPath(name), value] as const)
  const texts = pairs.flatMap(([name, value]) => (typeof name === 'string' ? [[name, value] as const] : []))
  return texts.length === pairs.length ? Object.fromEntries(texts) : pairs
}

/** Converts an inode of an image to an entry, so that the check works the same for images and directories. */
import { asBytePath, type ByteString, toByteString } from 'squashfs-writer/paths'
import { type ImageInode, InodeType, TYPE_NAMES } from 'squashfs-writer/read'
import type { Entry } from './entry.js'

export function entryInImage(path: ByteString, inode: ImageInode): Entry {
  const isShared = inode.type !== InodeType.DIRECTORY && inode.links > 1
  return {
    type: TYPE_NAMES[inode.type],
    path: asBytePath(path),
    mode: inode.head.mode,
    uid: inode.uid,
    gid: inode.gid,
    mtime: inode.head.mtime,
    size: inode.type === InodeType.FILE ? inode.size : 0,
    inode: isShared ? String(inode.reference) : null,
    target: inode.type === InodeType.SYMLINK ? toByteString(inode.target) : null,
    failure: null,
  }
}

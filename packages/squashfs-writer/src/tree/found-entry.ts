/** Found entries: the nodes of a scanned directory as entries, in the form that `writeImage` takes. */
import { InodeType, TYPE_NAMES } from '../format/inode.js'
import { toPath } from './byte-string.js'
import type {
  DeviceEntry,
  DirectoryEntry,
  FileEntry,
  HardLinkEntry,
  IpcEntry,
  SymlinkEntry,
} from './entry.js'
import type { DirectoryNode, FileNode, Node, Xattr } from './node.js'

/** The fields of every found entry. */
interface Found {
  /** Text if the path is UTF-8, else bytes; `.` for the directory itself. */
  readonly path: string | Uint8Array
  /** A number that identifies the inode among those of the directory. All names of an inode have the same number. */
  readonly inode: number
}

/** The attributes of an inode on disk, before the rules for owners and times are applied. */
interface FoundAttributes extends Found {
  /** Permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since 1970, rounded down. It may be outside of the range of squashfs, 1970 to 2106. */
  readonly mtime: number
  /** The number of its names among the entries; for a directory, 2 plus the number of subdirectories. */
  readonly links: number
}

/** The content of a file on disk. It is not read before the file is packed. */
export interface FoundContent {
  /** Bytes. */
  readonly size: number
  /** Reads the content. @throws UnreadableError if the path is no longer the file that was found. */
  open(): AsyncIterable<Uint8Array>
}

/** A file on disk. The xattrs of a file of up to 1 MiB are read with its content, and are not among these attributes. */
export type FoundFile = Omit<FileEntry, 'content'> & FoundAttributes & { readonly content: FoundContent }

export type FoundDirectory = DirectoryEntry & FoundAttributes

type FoundInode =
  | FoundFile
  | FoundDirectory
  | (SymlinkEntry & FoundAttributes & { readonly target: string | Uint8Array })
  | (DeviceEntry & FoundAttributes)
  | (IpcEntry & FoundAttributes)

/** Another name of an inode. */
export type FoundHardLink = HardLinkEntry & Found & { readonly of: FoundInode }

/** An entry of a directory on disk. The first name of an inode has the type of the inode; all later names are hard links. */
export type FoundEntry = FoundInode | FoundHardLink

/**
 * The entries of a tree, the root first. A directory comes before its children, and a hard link after its target.
 */
export function* foundIn(
  root: DirectoryNode,
  contentOf: (file: FileNode) => FoundContent,
): Generator<FoundEntry, undefined> {
  const firstNames = new Map<Node, FoundInode>()
  let inodes = 1
  yield foundDirectory('.', root, inodes)
  const stack: (readonly [string, DirectoryNode])[] = [['', root]]
  for (let top = stack.pop(); top; top = stack.pop()) {
    const [prefix, directory] = top
    for (const [name, node] of directory.children) {
      const first = node.type !== InodeType.DIRECTORY && node.links > 1 ? firstNames.get(node) : undefined
      if (first) {
        const { path: target, inode } = first
        yield { type: 'hardlink', path: toPath(prefix + name), target, inode, of: first }
        continue
      }
      const entry = foundInode(prefix + name, node, ++inodes, contentOf)
      if (node.type === InodeType.DIRECTORY) stack.push([`${prefix}${name}/`, node])
      else if (node.links > 1) firstNames.set(node, entry)
      yield entry
    }
  }
}

/** @param path relative to the root of the tree. */
export function foundDirectory(path: string, node: DirectoryNode, inode: number): FoundDirectory {
  return { type: 'directory', ...attributesOf(path, node, inode) }
}

function foundInode(
  path: string,
  node: Node,
  inode: number,
  contentOf: (file: FileNode) => FoundContent,
): FoundInode {
  const common = attributesOf(path, node, inode)
  switch (node.type) {
    case InodeType.FILE:
      return { type: 'file', ...common, content: contentOf(node) }
    case InodeType.DIRECTORY:
      return foundDirectory(path, node, inode)
    case InodeType.SYMLINK:
      return { type: 'symlink', ...common, target: toPath(node.target) }
    case InodeType.BLOCK_DEVICE:
    case InodeType.CHARACTER_DEVICE: {
      const { major, minor } = node
      return { type: TYPE_NAMES[node.type] as DeviceEntry['type'], ...common, major, minor }
    }
    case InodeType.FIFO:
      return { type: 'fifo', ...common }
    case InodeType.SOCKET:
      return { type: 'socket', ...common }
  }
}

function attributesOf(path: string, node: Node, inode: number): FoundAttributes & Pick<FileEntry, 'xattrs'> {
  const { mode, uid, gid, mtime, links, xattrs } = node
  const attributes = { path: toPath(path), mode, uid, gid, mtime, links, inode }
  return xattrs && xattrs.length > 0 ? { ...attributes, xattrs: pairs(xattrs) } : attributes
}

function pairs(xattrs: readonly Xattr[]): (readonly [name: string | Uint8Array, value: Uint8Array])[] {
  return xattrs.map(([name, value]) => [toPath(name), value] as const)
}

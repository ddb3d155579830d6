/** Found entries: what lies in a tree, as the entries that a program gives to `writeImage`. */
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

/** What a filesystem says of every inode, before any rule for owners and times. */
interface Found {
  /** Text where it is UTF-8, bytes where it is not; `.` for the directory itself. */
  readonly path: string | Uint8Array
  /** Tells the inode apart from the others of its directory; all names of a hard link have the same. */
  readonly inode: number
}

interface FoundAttributes extends Found {
  /** Permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Whole seconds since 1970, rounded down; before 1970 and after 2106, too. */
  readonly mtime: number
  /** Names that it has among the entries; of directories 2 and the number of subdirectories. */
  readonly links: number
}

/** The content of a file on disk, not read yet. As the content of an entry it is read when its turn comes. */
export interface FoundContent {
  /** Bytes. */
  readonly size: number
  /** Reads it. @throws UnreadableError when it is not the file any more that was found. */
  open(): AsyncIterable<Uint8Array>
}

/** A file on disk. Up to 1 MiB its xattrs are read with its content, and not among its attributes before. */
export type FoundFile = Omit<FileEntry, 'content'> & FoundAttributes & { readonly content: FoundContent }

export type FoundDirectory = DirectoryEntry & FoundAttributes

type FoundInode =
  | FoundFile
  | FoundDirectory
  | (SymlinkEntry & FoundAttributes & { readonly target: string | Uint8Array })
  | (DeviceEntry & FoundAttributes)
  | (IpcEntry & FoundAttributes)

/** One more name of an inode. */
export type FoundHardLink = HardLinkEntry & Found & { readonly of: FoundInode }

/** An entry of a directory on disk. The first name of an inode is of its type, every later one is a hard link to it. */
export type FoundEntry = FoundInode | FoundHardLink

/**
 * A directory of a tree and everything below, the directory itself first; parents before what they hold, targets before hard
 * links.
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

/** @param path from the root of the tree on. */
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

/** Nodes: the tree from which the inodes are written. A node with hard links has several names in the tree. */
import { InodeType } from '../format/inode.js'
import type { ByteString } from './byte-string.js'
import type { Placement } from './placement.js'

/** An xattr's full name and its value. */
export type Xattr = readonly [name: ByteString, value: Uint8Array]

/** The attributes that all nodes have. */
export interface Attributes {
  /** Permission bits, 0 to 0o7777. */
  mode: number
  uid: number
  gid: number
  /** Seconds since 1970, 0 to 2^32 - 1. */
  mtime: number
  /** In ascending order of names; null for none. */
  xattrs: readonly Xattr[] | null
}

interface NodeBase extends Attributes {
  /** Number of names in the tree; for a directory, 2 plus the number of subdirectories. */
  links: number
  /** Inode number; 0 before the tree is ordered. */
  number: number
}

export interface FileNode extends NodeBase {
  readonly type: typeof InodeType.FILE
  readonly size: number
  /** Where the content comes from; used by the content reader only. */
  readonly content: Content
  /** Digest of the content; null before it is read, or if none is needed. */
  digest: ByteString | null
  /** Position of the content in the image; null before it is written. */
  placement: Placement | null
}

/** Where the content of a file comes from. */
export type Content =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly open: () => AsyncIterable<Uint8Array> }
  | FileOnDisk
  | FileRange

/** A file on disk, by its directory and name. When it is read it must still be the file that the scan found. */
export interface FileOnDisk {
  readonly kind: 'disk'
  /** One object for all files of a directory. */
  readonly directory: DirectoryOnDisk
  readonly name: ByteString
  /** The identity at the scan. */
  readonly seen: Identity
  /** Whether the file has holes: it has fewer blocks on disk than its size needs. */
  readonly sparse: boolean
  /** Whether its extended attributes are read with its content. Before that the node has none. */
  readonly xattrsWithContent: boolean
}

/** A directory on disk that contains files to read. */
export interface DirectoryOnDisk {
  readonly path: ByteString
  /** The inode that the path must still refer to; null if any inode will do. */
  readonly seen: ByteString | null
  /** Length of the prefix to remove from the path of a file to get its path in the packed directory; absent for a file given by path. */
  readonly prefixLength?: number
}

/** A range of a file that is already open. */
export interface FileRange {
  readonly kind: 'range'
  readonly descriptor: number
  readonly start: number
}

/** Identifies a file and its state, so that a replaced or changed file is detected. See `source/identity.ts`. */
export type Identity = string

export interface DirectoryNode extends NodeBase {
  readonly type: typeof InodeType.DIRECTORY
  children: Map<ByteString, Node>
  parent: DirectoryNode | null
}

export interface SymlinkNode extends NodeBase {
  readonly type: typeof InodeType.SYMLINK
  readonly target: ByteString
}

export interface DeviceNode extends NodeBase {
  readonly type: typeof InodeType.BLOCK_DEVICE | typeof InodeType.CHARACTER_DEVICE
  readonly major: number
  readonly minor: number
}

export interface IpcNode extends NodeBase {
  readonly type: typeof InodeType.FIFO | typeof InodeType.SOCKET
}

export type Node = FileNode | DirectoryNode | SymlinkNode | DeviceNode | IpcNode

/** Creates an empty directory. */
export function directoryNode(attributes: Attributes): DirectoryNode {
  const { mode, uid, gid, mtime, xattrs } = attributes
  const children = new Map<ByteString, Node>()
  return {
    type: InodeType.DIRECTORY,
    mode,
    uid,
    gid,
    mtime,
    xattrs,
    links: 2,
    number: 0,
    children,
    parent: null,
  }
}

// These nodes have no name yet, so they have no links. All fields are written out, so that V8 creates half a million nodes fast.

/** @param size of the content, in bytes. */
export function fileNode(attributes: Attributes, size: number, content: Content): FileNode {
  const { mode, uid, gid, mtime, xattrs } = attributes
  return {
    type: InodeType.FILE,
    mode,
    uid,
    gid,
    mtime,
    xattrs,
    links: 0,
    number: 0,
    size,
    content,
    digest: null,
    placement: null,
  }
}

export function symlinkNode(attributes: Attributes, target: ByteString): SymlinkNode {
  const { mode, uid, gid, mtime, xattrs } = attributes
  return { type: InodeType.SYMLINK, mode, uid, gid, mtime, xattrs, links: 0, number: 0, target }
}

export function deviceNode(
  type: DeviceNode['type'],
  attributes: Attributes,
  major: number,
  minor: number,
): DeviceNode {
  const { mode, uid, gid, mtime, xattrs } = attributes
  return { type, mode, uid, gid, mtime, xattrs, links: 0, number: 0, major, minor }
}

export function ipcNode(type: IpcNode['type'], attributes: Attributes): IpcNode {
  const { mode, uid, gid, mtime, xattrs } = attributes
  return { type, mode, uid, gid, mtime, xattrs, links: 0, number: 0 }
}

/** Adds a node to a directory under a name, and counts the link. */
export function attach(parent: DirectoryNode, name: ByteString, node: Node): void {
  parent.children.set(name, node)
  if (node.type === InodeType.DIRECTORY) {
    node.parent = parent
    parent.links++
  } else {
    node.links++
  }
}

/** The node at a path, which is given as a list of names; undefined if there is none. */
export function nodeAt(root: DirectoryNode, names: readonly ByteString[]): Node | undefined {
  return names.reduce<Node | undefined>(
    (at, name) => (at?.type === InodeType.DIRECTORY ? at.children.get(name) : undefined),
    root,
  )
}

/** Removes a name from a directory, and counts the link down. */
export function detach(parent: DirectoryNode, name: ByteString): void {
  const node = parent.children.get(name)
  if (!node) return
  parent.children.delete(name)
  if (node.type === InodeType.DIRECTORY) parent.links--
  else node.links--
}

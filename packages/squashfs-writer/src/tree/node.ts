/** Nodes: the tree of future inodes. A hard link is one node under several names. */
import { InodeType } from '../format/inode.js'
import type { ByteString } from './byte-string.js'
import type { Placement } from './placement.js'

/** An xattr's full name and its value. */
export type Xattr = readonly [name: ByteString, value: Uint8Array]

/** The attributes of all nodes. */
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
  /** Names in the tree; for directories 2 and the number of subdirectories. */
  links: number
  /** Inode number; 0 until the tree is put in order. */
  number: number
}

export interface FileNode extends NodeBase {
  readonly type: typeof InodeType.FILE
  readonly size: number
  /** Where the bytes are; only the content reader uses it. */
  readonly content: Content
  /** The content's digest; null until it is read, and where none is needed. */
  digest: ByteString | null
  /** Where the bytes went; null until they are written. */
  placement: Placement | null
}

/** Where the bytes of a file come from. */
export type Content =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly open: () => AsyncIterable<Uint8Array> }
  | FileOnDisk
  | FileRange

/** A file found by its name in a directory, which must still be the file that was seen. */
export interface FileOnDisk {
  readonly kind: 'disk'
  /** One object for all of its files. */
  readonly directory: DirectoryOnDisk
  readonly name: ByteString
  readonly seen: Identity
  /** Fewer blocks than the size asks for: it has holes. */
  readonly sparse: boolean
  /** Its extended attributes are found when it is read, and are the node's only then. */
  readonly xattrsWithContent: boolean
}

export interface DirectoryOnDisk {
  readonly path: ByteString
  /** The inode that it must be; null for any inode to which its path leads. */
  readonly seen: ByteString | null
  /** How many bytes of its files' paths lead to the directory that is packed; absent for a file that was given by its path. */
  readonly above?: number
}

/** A range of a file that is open already. */
export interface FileRange {
  readonly kind: 'range'
  readonly descriptor: number
  readonly start: number
}

/** Identifies a file and its state, so that a swap or a change shows; made and compared by the source. */
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

/** A directory with nothing in it yet. */
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

// These nodes have no name yet, and so no links. Objects of one shape, written out: half a million of them are made fast.

/** @param size bytes of the content. */
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

/** Gives a node a name in a directory, and counts the link. */
export function attach(parent: DirectoryNode, name: ByteString, node: Node): void {
  parent.children.set(name, node)
  if (node.type === InodeType.DIRECTORY) {
    node.parent = parent
    parent.links++
  } else {
    node.links++
  }
}

/** The node at a path, given name by name; undefined where there is none. */
export function nodeAt(root: DirectoryNode, names: readonly ByteString[]): Node | undefined {
  return names.reduce<Node | undefined>(
    (at, name) => (at?.type === InodeType.DIRECTORY ? at.children.get(name) : undefined),
    root,
  )
}

/** Takes a name out of a directory. */
export function detach(parent: DirectoryNode, name: ByteString): void {
  const node = parent.children.get(name)
  if (!node) return
  parent.children.delete(name)
  if (node.type === InodeType.DIRECTORY) parent.links--
  else node.links--
}

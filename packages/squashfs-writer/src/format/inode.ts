/** Inodes: one record for each file, directory, symlink, device, fifo or socket; a short and a long form of each. */
import { getUint64, setUint64, viewOf } from './byte-order.js'
import { NO_FRAGMENT } from './fragment.js'

/** The type field of the basic forms; directory entries carry these even for extended inodes. */
export const InodeType = {
  DIRECTORY: 1,
  FILE: 2,
  SYMLINK: 3,
  BLOCK_DEVICE: 4,
  CHARACTER_DEVICE: 5,
  FIFO: 6,
  SOCKET: 7,
} as const
export type InodeType = (typeof InodeType)[keyof typeof InodeType]

/** An extended form's type is its basic form's plus this. */
const EXTENDED = 7
/** The xattr index of an inode without xattrs. */
export const NO_XATTR = 0xffff_ffff
/** Bytes of the head that all forms share. */
const HEAD_SIZE = 16
/** What a directory's size field has above its listing's length: room for "." and "..", which are not stored. */
const DIRECTORY_SIZE_EXCESS = 3

/** What all inodes have. */
export interface InodeHead {
  /** Permission bits with setuid, setgid and sticky, without the file type: 0 to 0o7777. */
  readonly mode: number
  readonly uidIndex: number
  readonly gidIndex: number
  /** Seconds since 1970, unsigned 32-bit. */
  readonly mtime: number
  /** 1 to the image's inode count. */
  readonly number: number
  /** Index into the xattr id table, or {@link NO_XATTR}. */
  readonly xattrIndex: number
}

export interface FileInode {
  readonly head: InodeHead
  readonly type: typeof InodeType.FILE
  /** Where the first data block lies, in bytes from the image's start; 0 without blocks. */
  readonly start: number
  readonly size: number
  /** Bytes of `size` that lie in holes. */
  readonly sparse: number
  /** Names that this inode has. */
  readonly links: number
  /** Fragment index, or `NO_FRAGMENT`. */
  readonly fragment: number
  /** Where in the fragment block the tail begins. */
  readonly fragmentOffset: number
  /** A size word for each block; with a fragment the tail has none. */
  readonly blockSizes: ArrayLike<number>
}

export interface DirectoryInode {
  readonly head: InodeHead
  readonly type: typeof InodeType.DIRECTORY
  /** Start of the listing's first metadata block, from the directory table's start. */
  readonly listingBlock: number
  /** Where in that block the listing begins. */
  readonly listingOffset: number
  /** Bytes of the listing. */
  readonly listingSize: number
  /** 2 and the number of subdirectories. */
  readonly links: number
  /** Inode number of the parent; for the root, the inode count + 1. */
  readonly parent: number
  /** For large directories; a directory with an index is extended. */
  readonly index: readonly DirectoryIndexEntry[]
}

/** A signpost into a long listing: the first name of each of its metadata blocks but the first. */
export interface DirectoryIndexEntry {
  /** Where in the listing the header before that name is. */
  readonly offset: number
  /** Start of the metadata block that holds this header, from the directory table's start. */
  readonly block: number
  readonly name: Uint8Array
}

export interface SymlinkInode {
  readonly head: InodeHead
  readonly type: typeof InodeType.SYMLINK
  readonly links: number
  /** 1 to 4,095 bytes. */
  readonly target: Uint8Array
}

export interface DeviceInode {
  readonly head: InodeHead
  readonly type: typeof InodeType.BLOCK_DEVICE | typeof InodeType.CHARACTER_DEVICE
  readonly links: number
  /** As by `encodeDeviceNumber`. */
  readonly device: number
}

export interface IpcInode {
  readonly head: InodeHead
  readonly type: typeof InodeType.FIFO | typeof InodeType.SOCKET
  readonly links: number
}

export type Inode = FileInode | DirectoryInode | SymlinkInode | DeviceInode | IpcInode

/** Encodes an inode in the shortest of its two forms that can hold it. */
export function encodeInode(inode: Inode): Uint8Array {
  switch (inode.type) {
    case InodeType.FILE:
      return isPlainFile(inode) ? encodeFile(inode) : encodeExtendedFile(inode)
    case InodeType.DIRECTORY:
      return isPlainDirectory(inode) ? encodeDirectory(inode) : encodeExtendedDirectory(inode)
    case InodeType.SYMLINK:
      return encodeSymlink(inode)
    case InodeType.BLOCK_DEVICE:
    case InodeType.CHARACTER_DEVICE:
      return encodeDevice(inode)
    case InodeType.FIFO:
    case InodeType.SOCKET:
      return encodeIpc(inode)
  }
}

function isPlainFile(i: FileInode): boolean {
  const fits = i.start <= 0xffff_ffff && i.size <= 0xffff_ffff
  return fits && i.sparse === 0 && i.links === 1 && i.head.xattrIndex === NO_XATTR
}

function isPlainDirectory(i: DirectoryInode): boolean {
  return (
    i.listingSize + DIRECTORY_SIZE_EXCESS <= 0xffff && i.index.length === 0 && i.head.xattrIndex === NO_XATTR
  )
}

function encodeFile(i: FileInode): Uint8Array {
  const { bytes, view } = record(i, false, 16 + 4 * i.blockSizes.length)
  view.setUint32(16, i.start, true)
  view.setUint32(20, i.fragment, true)
  view.setUint32(24, i.fragment === NO_FRAGMENT ? 0 : i.fragmentOffset, true)
  view.setUint32(28, i.size, true)
  setBlockSizes(view, 32, i.blockSizes)
  return bytes
}

function encodeExtendedFile(i: FileInode): Uint8Array {
  const { bytes, view } = record(i, true, 40 + 4 * i.blockSizes.length)
  setUint64(view, 16, i.start)
  setUint64(view, 24, i.size)
  // Must stay below the file's size: the kernel takes the difference for st_blocks (fs/squashfs/inode.c).
  setUint64(view, 32, i.sparse >= i.size && i.size > 0 ? i.size - 1 : i.sparse)
  view.setUint32(40, i.links, true)
  view.setUint32(44, i.fragment, true)
  view.setUint32(48, i.fragment === NO_FRAGMENT ? 0 : i.fragmentOffset, true)
  view.setUint32(52, i.head.xattrIndex, true)
  setBlockSizes(view, 56, i.blockSizes)
  return bytes
}

function setBlockSizes(view: DataView, offset: number, sizes: ArrayLike<number>): void {
  for (let n = 0; n < sizes.length; n++) view.setUint32(offset + 4 * n, sizes[n]!, true)
}

function encodeDirectory(i: DirectoryInode): Uint8Array {
  const { bytes, view } = record(i, false, 16)
  view.setUint32(16, i.listingBlock, true)
  view.setUint32(20, i.links, true)
  view.setUint16(24, i.listingSize + DIRECTORY_SIZE_EXCESS, true)
  view.setUint16(26, i.listingOffset, true)
  view.setUint32(28, i.parent, true)
  return bytes
}

function encodeExtendedDirectory(i: DirectoryInode): Uint8Array {
  const indexSize = i.index.reduce((sum, entry) => sum + 12 + entry.name.length, 0)
  const { bytes, view } = record(i, true, 24 + indexSize)
  view.setUint32(16, i.links, true)
  view.setUint32(20, i.listingSize + DIRECTORY_SIZE_EXCESS, true)
  view.setUint32(24, i.listingBlock, true)
  view.setUint32(28, i.parent, true)
  view.setUint16(32, i.index.length, true)
  view.setUint16(34, i.listingOffset, true)
  view.setUint32(36, i.head.xattrIndex, true)
  let at = HEAD_SIZE + 24
  for (const entry of i.index) {
    view.setUint32(at, entry.offset, true)
    view.setUint32(at + 4, entry.block, true)
    view.setUint32(at + 8, entry.name.length - 1, true)
    bytes.set(entry.name, at + 12)
    at += 12 + entry.name.length
  }
  return bytes
}

function encodeSymlink(i: SymlinkInode): Uint8Array {
  const extended = i.head.xattrIndex !== NO_XATTR
  const { bytes, view } = record(i, extended, 8 + i.target.length + (extended ? 4 : 0))
  view.setUint32(16, i.links, true)
  view.setUint32(20, i.target.length, true)
  bytes.set(i.target, 24)
  if (extended) view.setUint32(24 + i.target.length, i.head.xattrIndex, true)
  return bytes
}

function encodeDevice(i: DeviceInode): Uint8Array {
  const extended = i.head.xattrIndex !== NO_XATTR
  const { bytes, view } = record(i, extended, extended ? 12 : 8)
  view.setUint32(16, i.links, true)
  view.setUint32(20, i.device, true)
  if (extended) view.setUint32(24, i.head.xattrIndex, true)
  return bytes
}

function encodeIpc(i: IpcInode): Uint8Array {
  const extended = i.head.xattrIndex !== NO_XATTR
  const { bytes, view } = record(i, extended, extended ? 8 : 4)
  view.setUint32(16, i.links, true)
  if (extended) view.setUint32(20, i.head.xattrIndex, true)
  return bytes
}

/** A record with its head filled in and `bodySize` bytes after it. */
function record(i: Inode, extended: boolean, bodySize: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(HEAD_SIZE + bodySize)
  const view = viewOf(bytes)
  view.setUint16(0, extended ? i.type + EXTENDED : i.type, true)
  view.setUint16(2, i.head.mode, true)
  view.setUint16(4, i.head.uidIndex, true)
  view.setUint16(6, i.head.gidIndex, true)
  view.setUint32(8, i.head.mtime, true)
  view.setUint32(12, i.head.number, true)
  return { bytes, view }
}

/** Bytes from a record's start, as far as there are as many, that surely tell how long it is. */
export const INODE_SIZE_KNOWN = 56

/**
 * The bytes of a record. Of a directory's without its index, which is for the kernel's lookup.
 * @param bytes the first {@link INODE_SIZE_KNOWN} of the record, or fewer where the table ends.
 * @param blockSize the image's.
 */
export function inodeSize(bytes: Uint8Array, blockSize: number): number {
  const view = viewOf(bytes)
  const stored = view.getUint16(0, true)
  const extended = stored > EXTENDED
  switch (extended ? stored - EXTENDED : stored) {
    case InodeType.FILE: {
      const size = extended ? getUint64(view, 24) : view.getUint32(28, true)
      const fragment = view.getUint32(extended ? 44 : 20, true)
      return (extended ? 56 : 32) + 4 * blockCount(size, blockSize, fragment)
    }
    case InodeType.DIRECTORY:
      return extended ? 40 : 32
    case InodeType.SYMLINK:
      return 24 + view.getUint32(20, true) + (extended ? 4 : 0)
    case InodeType.BLOCK_DEVICE:
    case InodeType.CHARACTER_DEVICE:
      return extended ? 28 : 24
    default:
      return extended ? 24 : 20
  }
}

/** How many size words a file has: the tail has none where it lies in a fragment. */
function blockCount(size: number, blockSize: number, fragment: number): number {
  return fragment === NO_FRAGMENT ? Math.ceil(size / blockSize) : Math.floor(size / blockSize)
}

/**
 * Decodes an inode; a directory comes without its index.
 * @param bytes a record, as long as {@link inodeSize} says.
 * @param blockSize the image's.
 * @throws RangeError when the bytes are fewer, or begin with no type of inode.
 */
export function decodeInode(bytes: Uint8Array, blockSize: number): Inode {
  const view = viewOf(bytes)
  const stored = view.getUint16(0, true)
  const extended = stored > EXTENDED
  const type = extended ? stored - EXTENDED : stored
  const end = inodeSize(bytes, blockSize)
  const head = (xattrIndexAt: number): InodeHead => ({
    mode: view.getUint16(2, true),
    uidIndex: view.getUint16(4, true),
    gidIndex: view.getUint16(6, true),
    mtime: view.getUint32(8, true),
    number: view.getUint32(12, true),
    xattrIndex: extended ? view.getUint32(xattrIndexAt, true) : NO_XATTR,
  })
  switch (type) {
    case InodeType.FILE: {
      const blocks = extended ? 56 : 32
      return {
        type,
        head: head(52),
        start: extended ? getUint64(view, 16) : view.getUint32(16, true),
        size: extended ? getUint64(view, 24) : view.getUint32(28, true),
        sparse: extended ? getUint64(view, 32) : 0,
        links: extended ? view.getUint32(40, true) : 1,
        fragment: view.getUint32(extended ? 44 : 20, true),
        fragmentOffset: view.getUint32(extended ? 48 : 24, true),
        blockSizes: Array.from({ length: (end - blocks) / 4 }, (_, n) =>
          view.getUint32(blocks + 4 * n, true),
        ),
      }
    }
    case InodeType.DIRECTORY: {
      const size = extended ? view.getUint32(20, true) : view.getUint16(24, true)
      return {
        type,
        head: head(36),
        listingBlock: view.getUint32(extended ? 24 : 16, true),
        listingOffset: view.getUint16(extended ? 34 : 26, true),
        listingSize: size - DIRECTORY_SIZE_EXCESS,
        links: view.getUint32(extended ? 16 : 20, true),
        parent: view.getUint32(28, true),
        index: [],
      }
    }
    case InodeType.SYMLINK: {
      const targetEnd = 24 + view.getUint32(20, true)
      return {
        type,
        head: head(targetEnd),
        links: view.getUint32(16, true),
        target: bytes.slice(24, targetEnd),
      }
    }
    case InodeType.BLOCK_DEVICE:
    case InodeType.CHARACTER_DEVICE:
      return { type, head: head(24), links: view.getUint32(16, true), device: view.getUint32(20, true) }
    case InodeType.FIFO:
    case InodeType.SOCKET:
      return { type, head: head(20), links: view.getUint32(16, true) }
    default:
      throw new RangeError(`${stored} is no type of inode`)
  }
}

/** Inodes: one record for each file, directory, symlink, device, fifo or socket. Each type has a basic and an extended form. */
import { getUint64, setUint16, setUint32, setUint64, viewOf } from './byte-order.js'
import { NO_FRAGMENT } from './fragment.js'

/** The type field of a basic inode. Directory entries have these types for extended inodes, too. */
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

/** The name of each type in entries. */
export const TYPE_NAMES = {
  [InodeType.DIRECTORY]: 'directory',
  [InodeType.FILE]: 'file',
  [InodeType.SYMLINK]: 'symlink',
  [InodeType.BLOCK_DEVICE]: 'block-device',
  [InodeType.CHARACTER_DEVICE]: 'character-device',
  [InodeType.FIFO]: 'fifo',
  [InodeType.SOCKET]: 'socket',
} as const

/** Added to a basic type, it gives the extended type. */
const EXTENDED = 7
/** The xattr index of an inode without xattrs. */
export const NO_XATTR = 0xffff_ffff
/** Bytes of the header that all forms share. */
const HEAD_SIZE = 16
/** The size field of a directory is the length of its listing plus 3, for "." and "..", which are not written. */
const DIRECTORY_SIZE_EXCESS = 3

/** The fields that all inodes have. */
export interface InodeHead {
  /** Permission bits with setuid, setgid and sticky, without the file type: 0 to 0o7777. */
  readonly mode: number
  readonly uidIndex: number
  readonly gidIndex: number
  /** Seconds since 1970, unsigned 32-bit. */
  readonly mtime: number
  /** 1 to the inode count of the image. */
  readonly number: number
  /** Index into the xattr id table, or {@link NO_XATTR}. */
  readonly xattrIndex: number
}

export interface FileInode {
  readonly head: InodeHead
  readonly type: typeof InodeType.FILE
  /** Position of the first data block, in bytes from the start of the image; 0 without blocks. */
  readonly start: number
  readonly size: number
  /** Bytes in holes. */
  readonly sparse: number
  /** Number of names. */
  readonly links: number
  /** Fragment index, or `NO_FRAGMENT`. */
  readonly fragment: number
  /** Offset of the tail in the fragment block. */
  readonly fragmentOffset: number
  /** A size word for each block. A tail in a fragment has none. */
  readonly blockSizes: ArrayLike<number>
}

export interface DirectoryInode {
  readonly head: InodeHead
  readonly type: typeof InodeType.DIRECTORY
  /** Start of the first metadata block of the listing, in bytes from the start of the directory table. */
  readonly listingBlock: number
  /** Offset of the listing in that block. */
  readonly listingOffset: number
  /** Bytes of the listing. */
  readonly listingSize: number
  /** 2 plus the number of subdirectories. */
  readonly links: number
  /** Inode number of the parent; for the root, the inode count + 1. */
  readonly parent: number
  /** For a large directory; only the extended form has an index. */
  readonly index: readonly DirectoryIndexEntry[]
}

/** An index entry: the first name in a metadata block of the listing. The first block has none. */
export interface DirectoryIndexEntry {
  /** Offset in the listing of the header before that name. */
  readonly offset: number
  /** Start of the metadata block that holds the header, in bytes from the start of the directory table. */
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
  /** See `encodeDeviceNumber`. */
  readonly device: number
}

export interface IpcInode {
  readonly head: InodeHead
  readonly type: typeof InodeType.FIFO | typeof InodeType.SOCKET
  readonly links: number
}

export type Inode = FileInode | DirectoryInode | SymlinkInode | DeviceInode | IpcInode

/** Encodes an inode, in the basic form if that can hold it. */
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
  const bytes = record(i, false, 16 + 4 * i.blockSizes.length)
  setUint32(bytes, 16, i.start)
  setUint32(bytes, 20, i.fragment)
  setUint32(bytes, 24, i.fragment === NO_FRAGMENT ? 0 : i.fragmentOffset)
  setUint32(bytes, 28, i.size)
  setBlockSizes(bytes, 32, i.blockSizes)
  return bytes
}

function encodeExtendedFile(i: FileInode): Uint8Array {
  const bytes = record(i, true, 40 + 4 * i.blockSizes.length)
  setUint64(bytes, 16, i.start)
  setUint64(bytes, 24, i.size)
  // Must be less than the size: the kernel computes st_blocks from the difference (fs/squashfs/inode.c).
  setUint64(bytes, 32, i.sparse >= i.size && i.size > 0 ? i.size - 1 : i.sparse)
  setUint32(bytes, 40, i.links)
  setUint32(bytes, 44, i.fragment)
  setUint32(bytes, 48, i.fragment === NO_FRAGMENT ? 0 : i.fragmentOffset)
  setUint32(bytes, 52, i.head.xattrIndex)
  setBlockSizes(bytes, 56, i.blockSizes)
  return bytes
}

function setBlockSizes(bytes: Uint8Array, offset: number, sizes: ArrayLike<number>): void {
  for (let n = 0; n < sizes.length; n++) setUint32(bytes, offset + 4 * n, sizes[n]!)
}

function encodeDirectory(i: DirectoryInode): Uint8Array {
  const bytes = record(i, false, 16)
  setUint32(bytes, 16, i.listingBlock)
  setUint32(bytes, 20, i.links)
  setUint16(bytes, 24, i.listingSize + DIRECTORY_SIZE_EXCESS)
  setUint16(bytes, 26, i.listingOffset)
  setUint32(bytes, 28, i.parent)
  return bytes
}

function encodeExtendedDirectory(i: DirectoryInode): Uint8Array {
  const indexSize = i.index.reduce((sum, entry) => sum + 12 + entry.name.length, 0)
  const bytes = record(i, true, 24 + indexSize)
  setUint32(bytes, 16, i.links)
  setUint32(bytes, 20, i.listingSize + DIRECTORY_SIZE_EXCESS)
  setUint32(bytes, 24, i.listingBlock)
  setUint32(bytes, 28, i.parent)
  setUint16(bytes, 32, i.index.length)
  setUint16(bytes, 34, i.listingOffset)
  setUint32(bytes, 36, i.head.xattrIndex)
  let at = HEAD_SIZE + 24
  for (const entry of i.index) {
    setUint32(bytes, at, entry.offset)
    setUint32(bytes, at + 4, entry.block)
    setUint32(bytes, at + 8, entry.name.length - 1)
    bytes.set(entry.name, at + 12)
    at += 12 + entry.name.length
  }
  return bytes
}

function encodeSymlink(i: SymlinkInode): Uint8Array {
  const extended = i.head.xattrIndex !== NO_XATTR
  const bytes = record(i, extended, 8 + i.target.length + (extended ? 4 : 0))
  setUint32(bytes, 16, i.links)
  setUint32(bytes, 20, i.target.length)
  bytes.set(i.target, 24)
  if (extended) setUint32(bytes, 24 + i.target.length, i.head.xattrIndex)
  return bytes
}

function encodeDevice(i: DeviceInode): Uint8Array {
  const extended = i.head.xattrIndex !== NO_XATTR
  const bytes = record(i, extended, extended ? 12 : 8)
  setUint32(bytes, 16, i.links)
  setUint32(bytes, 20, i.device)
  if (extended) setUint32(bytes, 24, i.head.xattrIndex)
  return bytes
}

function encodeIpc(i: IpcInode): Uint8Array {
  const extended = i.head.xattrIndex !== NO_XATTR
  const bytes = record(i, extended, extended ? 8 : 4)
  setUint32(bytes, 16, i.links)
  if (extended) setUint32(bytes, 20, i.head.xattrIndex)
  return bytes
}

/** Creates a record with its header filled in, and `bodySize` zero bytes after it. */
function record(i: Inode, extended: boolean, bodySize: number): Uint8Array {
  const bytes = new Uint8Array(HEAD_SIZE + bodySize)
  setUint16(bytes, 0, extended ? i.type + EXTENDED : i.type)
  setUint16(bytes, 2, i.head.mode)
  setUint16(bytes, 4, i.head.uidIndex)
  setUint16(bytes, 6, i.head.gidIndex)
  setUint32(bytes, 8, i.head.mtime)
  setUint32(bytes, 12, i.head.number)
  return bytes
}

/** Bytes of a record from which {@link inodeSize} can tell its size. The last record of a table may be shorter. */
export const INODE_PREFIX_SIZE = 56

/** A decoded file. Its size words follow the fixed part of the record, see {@link decodeBlockSizes}. */
export interface DecodedFile extends Omit<FileInode, 'blockSizes'> {
  /** How many size words follow. A tail in a fragment has none. */
  readonly blockCount: number
  /** Offset of the size words in the record. */
  readonly sizeOfFixedPart: number
}

/** A decoded directory. Its index follows the fixed part of the record, see {@link decodeIndexEntry}. */
export interface DecodedDirectory extends Omit<DirectoryInode, 'index'> {
  /** How many index entries follow. */
  readonly indexCount: number
}

/** A decoded inode without the lists after the fixed part of its record: in a hostile image they may be huge. */
export type DecodedInode = DecodedFile | DecodedDirectory | SymlinkInode | DeviceInode | IpcInode

/**
 * The size in bytes of a record's fixed part, which does not include the size words of a file or the index of a directory.
 * @param view the first {@link INODE_PREFIX_SIZE} bytes of the record, or fewer at the end of the table.
 * @param at offset of the record in the view.
 * @throws RangeError if the inode type is unknown, or there are too few bytes.
 */
export function inodeSize(view: DataView, at = 0): number {
  const typeField = view.getUint16(at, true)
  const extended = typeField > EXTENDED
  switch (extended ? typeField - EXTENDED : typeField) {
    case InodeType.FILE:
      return extended ? 56 : 32
    case InodeType.DIRECTORY:
      return extended ? 40 : 32
    case InodeType.SYMLINK:
      return 24 + view.getUint32(at + 20, true) + (extended ? 4 : 0)
    case InodeType.BLOCK_DEVICE:
    case InodeType.CHARACTER_DEVICE:
      return extended ? 28 : 24
    case InodeType.FIFO:
    case InodeType.SOCKET:
      return extended ? 24 : 20
    default:
      throw new RangeError(`${typeField} is not a type of inode`)
  }
}

/**
 * Decodes the fixed part of an inode.
 * @param view at least {@link inodeSize} bytes.
 * @param blockSize of the image, in bytes.
 * @param at offset of the record in the view.
 * @throws RangeError if the inode type is unknown, or there are too few bytes.
 */
export function decodeInode(view: DataView, blockSize: number, at = 0): DecodedInode {
  const typeField = view.getUint16(at, true)
  const extended = typeField > EXTENDED
  const type = extended ? typeField - EXTENDED : typeField
  switch (type) {
    case InodeType.FILE: {
      const size = extended ? getUint64(view, at + 24) : view.getUint32(at + 28, true)
      const fragment = view.getUint32(at + (extended ? 44 : 20), true)
      const blocks = size / blockSize
      return {
        type,
        head: decodeHead(view, at, extended ? 52 : null),
        start: extended ? getUint64(view, at + 16) : view.getUint32(at + 16, true),
        size,
        sparse: extended ? getUint64(view, at + 32) : 0,
        links: extended ? view.getUint32(at + 40, true) : 1,
        fragment,
        fragmentOffset: view.getUint32(at + (extended ? 48 : 24), true),
        blockCount: fragment === NO_FRAGMENT ? Math.ceil(blocks) : Math.floor(blocks),
        sizeOfFixedPart: extended ? 56 : 32,
      }
    }
    case InodeType.DIRECTORY: {
      const size = extended ? view.getUint32(at + 20, true) : view.getUint16(at + 24, true)
      return {
        type,
        head: decodeHead(view, at, extended ? 36 : null),
        listingBlock: view.getUint32(at + (extended ? 24 : 16), true),
        listingOffset: view.getUint16(at + (extended ? 34 : 26), true),
        // The kernel treats a size below 3 as an empty directory, too (fs/squashfs/dir.c).
        listingSize: Math.max(0, size - DIRECTORY_SIZE_EXCESS),
        links: view.getUint32(at + (extended ? 16 : 20), true),
        parent: view.getUint32(at + 28, true),
        indexCount: extended ? view.getUint16(at + 32, true) : 0,
      }
    }
    case InodeType.SYMLINK: {
      const targetEnd = 24 + view.getUint32(at + 20, true)
      if (at + targetEnd > view.byteLength) throw new RangeError('the target of a symlink is cut off')
      return {
        type,
        head: decodeHead(view, at, extended ? targetEnd : null),
        links: view.getUint32(at + 16, true),
        target: new Uint8Array(view.buffer, view.byteOffset + at + 24, targetEnd - 24).slice(),
      }
    }
    case InodeType.BLOCK_DEVICE:
    case InodeType.CHARACTER_DEVICE:
      return {
        type,
        head: decodeHead(view, at, extended ? 24 : null),
        links: view.getUint32(at + 16, true),
        device: view.getUint32(at + 20, true),
      }
    case InodeType.FIFO:
    case InodeType.SOCKET:
      return { type, head: decodeHead(view, at, extended ? 20 : null), links: view.getUint32(at + 16, true) }
    default:
      throw new RangeError(`${typeField} is not a type of inode`)
  }
}

/** The fields of an inode that a long listing shows. One object is reused for many inodes. */
export interface InodeSummary {
  type: InodeType
  mode: number
  uidIndex: number
  gidIndex: number
  mtime: number
  number: number
  links: number
  /** As in `stat`: bytes of a file or of a symlink's target; of a directory, its size field, at least 3; 0 for other types. */
  size: number
  /** Index of the fragment block that holds the tail of a file; `NO_FRAGMENT` if there is none. */
  fragment: number
}

/**
 * Reads the fields of an inode into an existing object. Unlike {@link decodeInode} it allocates nothing.
 * @throws RangeError if the inode type is unknown, or there are too few bytes.
 */
export function summarizeInode(view: DataView, at: number, summary: InodeSummary): void {
  const typeField = view.getUint16(at, true)
  const extended = typeField > EXTENDED
  const type = extended ? typeField - EXTENDED : typeField
  summary.mode = view.getUint16(at + 2, true)
  summary.uidIndex = view.getUint16(at + 4, true)
  summary.gidIndex = view.getUint16(at + 6, true)
  summary.mtime = view.getUint32(at + 8, true)
  summary.number = view.getUint32(at + 12, true)
  summary.size = 0
  summary.fragment = NO_FRAGMENT
  switch (type) {
    case InodeType.FILE:
      summary.fragment = view.getUint32(at + (extended ? 44 : 20), true)
      summary.size = extended ? getUint64(view, at + 24) : view.getUint32(at + 28, true)
      summary.links = extended ? view.getUint32(at + 40, true) : 1
      break
    case InodeType.DIRECTORY:
      summary.size = extended ? view.getUint32(at + 20, true) : view.getUint16(at + 24, true)
      if (summary.size < DIRECTORY_SIZE_EXCESS) summary.size = DIRECTORY_SIZE_EXCESS
      summary.links = view.getUint32(at + (extended ? 16 : 20), true)
      break
    case InodeType.SYMLINK:
      summary.size = view.getUint32(at + 20, true)
      summary.links = view.getUint32(at + 16, true)
      break
    case InodeType.BLOCK_DEVICE:
    case InodeType.CHARACTER_DEVICE:
    case InodeType.FIFO:
    case InodeType.SOCKET:
      summary.links = view.getUint32(at + 16, true)
      break
    default:
      throw new RangeError(`${typeField} is not a type of inode`)
  }
  summary.type = type
}

/** @param xattrIndexAt offset of the xattr index in the record; null for a basic inode, which has none. */
function decodeHead(view: DataView, at: number, xattrIndexAt: number | null): InodeHead {
  return {
    mode: view.getUint16(at + 2, true),
    uidIndex: view.getUint16(at + 4, true),
    gidIndex: view.getUint16(at + 6, true),
    mtime: view.getUint32(at + 8, true),
    number: view.getUint32(at + 12, true),
    xattrIndex: xattrIndexAt === null ? NO_XATTR : view.getUint32(at + xattrIndexAt, true),
  }
}

/**
 * Decodes the size words, which follow the fixed part of a file inode.
 * @param bytes four for each size word.
 */
export function decodeBlockSizes(bytes: Uint8Array): number[] {
  const view = viewOf(bytes)
  return Array.from({ length: bytes.length / 4 }, (_, n) => view.getUint32(4 * n, true))
}

/** Bytes of an index entry before its name. */
export const INDEX_ENTRY_SIZE = 12

/**
 * Decodes an index entry except its name. Index entries follow the fixed part of a directory inode.
 * @param bytes {@link INDEX_ENTRY_SIZE} of them.
 * @returns its fields, and the length of the name that follows.
 */
export function decodeIndexEntry(bytes: Uint8Array): {
  readonly offset: number
  readonly block: number
  readonly nameLength: number
} {
  const view = viewOf(bytes)
  return {
    offset: view.getUint32(0, true),
    block: view.getUint32(4, true),
    nameLength: view.getUint32(8, true) + 1,
  }
}

/** Superblock: the first 96 bytes of an image, with its settings and the position of each table. */
import { getUint64, setUint16, setUint32, setUint64, viewOf } from './byte-order.js'

export const SUPERBLOCK_SIZE = 96
/** "hsqs" on disk. */
export const MAGIC = 0x7371_7368
/** Half of the start of an absent table, in which all 64 bits are set. In {@link Superblock} it is `null`. */
const ABSENT = 0xffff_ffff

/** The bits of {@link Superblock.flags} (squashfs_fs.h). */
export const SuperblockFlag = {
  UNCOMPRESSED_INODES: 0x0001,
  UNCOMPRESSED_DATA: 0x0002,
  UNCOMPRESSED_FRAGMENTS: 0x0008,
  NO_FRAGMENTS: 0x0010,
  ALWAYS_FRAGMENTS: 0x0020,
  DUPLICATES_REMOVED: 0x0040,
  EXPORTABLE: 0x0080,
  UNCOMPRESSED_XATTRS: 0x0100,
  NO_XATTRS: 0x0200,
  COMPRESSOR_OPTIONS: 0x0400,
  UNCOMPRESSED_IDS: 0x0800,
} as const

export interface Superblock {
  readonly inodeCount: number
  /** Seconds since 1970, unsigned 32-bit. */
  readonly createdAt: number
  /** Bytes, a power of two. */
  readonly blockSize: number
  readonly fragmentCount: number
  /** 1 gzip, 2 lzma, 3 lzo, 4 xz, 5 lz4, 6 zstd. */
  readonly compressor: number
  /** A sum of {@link SuperblockFlag} bits. */
  readonly flags: number
  readonly idCount: number
  /** Metadata reference of the root directory's inode. */
  readonly rootInode: number
  /** Bytes from the start of the image to the end of the last table, without padding. */
  readonly bytesUsed: number
  readonly idTable: number
  readonly xattrTable: number | null
  readonly inodeTable: number
  readonly directoryTable: number
  readonly fragmentTable: number | null
  readonly exportTable: number | null
}

/**
 * Encodes a superblock.
 * @returns 96 bytes, for the start of the image.
 */
export function encodeSuperblock(s: Superblock): Uint8Array {
  const bytes = new Uint8Array(SUPERBLOCK_SIZE)
  setUint32(bytes, 0, MAGIC)
  setUint32(bytes, 4, s.inodeCount)
  setUint32(bytes, 8, s.createdAt)
  setUint32(bytes, 12, s.blockSize)
  setUint32(bytes, 16, s.fragmentCount)
  setUint16(bytes, 20, s.compressor)
  setUint16(bytes, 22, Math.log2(s.blockSize))
  setUint16(bytes, 24, s.flags)
  setUint16(bytes, 26, s.idCount)
  setUint16(bytes, 28, 4) // version 4.0
  setUint16(bytes, 30, 0)
  setUint64(bytes, 32, s.rootInode)
  setUint64(bytes, 40, s.bytesUsed)
  setStart(bytes, 48, s.idTable)
  setStart(bytes, 56, s.xattrTable)
  setStart(bytes, 64, s.inodeTable)
  setStart(bytes, 72, s.directoryTable)
  setStart(bytes, 80, s.fragmentTable)
  setStart(bytes, 88, s.exportTable)
  return bytes
}

/**
 * Decodes a superblock.
 * @param bytes from the start of the image, at least 96.
 * @returns null if there are fewer bytes, or they do not have the magic and version of squashfs 4.0.
 */
export function decodeSuperblock(bytes: Uint8Array): Superblock | null {
  if (bytes.length < SUPERBLOCK_SIZE) return null
  const view = viewOf(bytes)
  if (view.getUint32(0, true) !== MAGIC || view.getUint16(28, true) !== 4 || view.getUint16(30, true) !== 0)
    return null
  return {
    inodeCount: view.getUint32(4, true),
    createdAt: view.getUint32(8, true),
    blockSize: view.getUint32(12, true),
    fragmentCount: view.getUint32(16, true),
    compressor: view.getUint16(20, true),
    flags: view.getUint16(24, true),
    idCount: view.getUint16(26, true),
    rootInode: getUint64(view, 32),
    bytesUsed: getUint64(view, 40),
    idTable: getUint64(view, 48),
    xattrTable: getStart(view, 56),
    inodeTable: getUint64(view, 64),
    directoryTable: getUint64(view, 72),
    fragmentTable: getStart(view, 80),
    exportTable: getStart(view, 88),
  }
}

function setStart(bytes: Uint8Array, offset: number, start: number | null): void {
  if (start === null) {
    setUint32(bytes, offset, ABSENT)
    setUint32(bytes, offset + 4, ABSENT)
  } else {
    setUint64(bytes, offset, start)
  }
}

function getStart(view: DataView, offset: number): number | null {
  const start = getUint64(view, offset)
  return Number.isFinite(start) ? start : null
}

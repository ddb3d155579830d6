/** Directory listings: runs of directory entries, each run under a header with the fields that its entries share. */
import { setUint16, setUint32, viewOf } from './byte-order.js'
import type { InodeType } from './inode.js'
import { METADATA_BLOCK_SIZE } from './metadata-block.js'

const HEADER_SIZE = 12
const ENTRY_SIZE = 8
/** Entries under one header: the kernel refuses more (`SQUASHFS_DIR_COUNT`, fs/squashfs/dir.c). */
const MAX_RUN = 256

/** A directory entry. */
export interface ListingEntry {
  /** 1 to 255 bytes. */
  readonly name: Uint8Array
  readonly type: InodeType
  readonly inodeNumber: number
  /** Start of the metadata block that holds the inode, in bytes from the start of the inode table. */
  readonly inodeBlock: number
  /** Offset of the inode in the uncompressed block. */
  readonly inodeOffset: number
}

/** The position of a header in a listing, and the name of the entry after it. */
export interface ListingIndexEntry {
  /** Bytes from the start of the listing. */
  readonly offset: number
  readonly name: Uint8Array
}

export interface Listing {
  readonly bytes: Uint8Array
  /** The first header in each metadata block of the listing except the first block. */
  readonly indexEntries: readonly ListingIndexEntry[]
}

/**
 * Encodes a directory's listing.
 *
 * A new header begins after 256 entries, when the metadata block of the inodes changes, when the difference of an inode
 * number to the first of the run does not fit 16 bits, and at the first entry of each metadata block, so that the index
 * can refer to it.
 *
 * @param entries in ascending order of name bytes: the kernel's lookup stops at the first greater name.
 * @param offset of the listing in its first metadata block, 0 to 8,191.
 */
export function encodeListing(entries: readonly ListingEntry[], offset: number): Listing {
  let maxSize = 0
  for (const entry of entries) maxSize += HEADER_SIZE + ENTRY_SIZE + entry.name.length
  const bytes = new Uint8Array(maxSize)
  const indexEntries: ListingIndexEntry[] = []

  let at = 0
  let block = 0
  let run = { at: 0, count: 0, inodeBlock: -1, inodeNumber: 0 } // no run yet: no inode is in block -1
  for (const entry of entries) {
    const currentBlock = Math.floor((offset + at) / METADATA_BLOCK_SIZE)
    const difference = entry.inodeNumber - run.inodeNumber
    const continues =
      run.count < MAX_RUN &&
      entry.inodeBlock === run.inodeBlock &&
      difference >= -0x8000 &&
      difference <= 0x7fff &&
      currentBlock === block
    if (!continues) {
      if (currentBlock !== block) indexEntries.push({ offset: at, name: entry.name })
      block = currentBlock
      run = { at, count: 0, inodeBlock: entry.inodeBlock, inodeNumber: entry.inodeNumber }
      setUint32(bytes, at + 4, entry.inodeBlock)
      setUint32(bytes, at + 8, entry.inodeNumber)
      at += HEADER_SIZE
    }
    setUint32(bytes, run.at, run.count++) // the field is the count - 1
    setUint16(bytes, at, entry.inodeOffset)
    setUint16(bytes, at + 2, entry.inodeNumber - run.inodeNumber)
    setUint16(bytes, at + 4, entry.type)
    setUint16(bytes, at + 6, entry.name.length - 1)
    bytes.set(entry.name, at + ENTRY_SIZE)
    at += ENTRY_SIZE + entry.name.length
  }
  return { bytes: bytes.subarray(0, at), indexEntries }
}

/** Bytes of the longest run that the kernel reads: a header and 256 entries with names of 256 bytes. */
export const LONGEST_RUN = HEADER_SIZE + MAX_RUN * (ENTRY_SIZE + 256)

/** A directory entry of a run. Its name is a range of the listing and not copied. */
export interface RunEntry extends Omit<ListingEntry, 'name'> {
  readonly nameStart: number
  readonly nameEnd: number
}

/** The position of a reader in a run, and the entry that it read last. One object is reused for all entries. */
export interface RunPosition {
  /** Start of the next header or entry, in bytes from the start of the listing. */
  at: number
  /** Entries of the run that were not read yet. */
  left: number
  inodeBlock: number
  firstNumber: number
  nameStart: number
  nameEnd: number
  type: InodeType
  inodeNumber: number
  inodeOffset: number
}

/**
 * Moves to the run at an offset of a listing.
 * @param end the end of the listing's bytes.
 * @returns false if the bytes end inside the run.
 * @throws RangeError if the run has more than 256 entries; the kernel refuses it, too.
 */
export function startRun(view: DataView, offset: number, end: number, position: RunPosition): boolean {
  if (offset + HEADER_SIZE > end) return false
  const count = view.getUint32(offset, true) + 1
  if (count > MAX_RUN) throw new RangeError(`a run of a listing has ${count} entries, more than ${MAX_RUN}`)
  let at = offset + HEADER_SIZE
  for (let n = 0; n < count; n++) {
    if (at + ENTRY_SIZE > end) return false
    at += ENTRY_SIZE + view.getUint16(at + 6, true) + 1
    if (at > end) return false
  }
  position.inodeBlock = view.getUint32(offset + 4, true)
  position.firstNumber = view.getUint32(offset + 8, true)
  position.at = offset + HEADER_SIZE
  position.left = count
  return true
}

/** Moves to the next entry of the current run. Returns false at the end of the run. */
export function nextRunEntry(view: DataView, position: RunPosition): boolean {
  if (position.left === 0) return false
  const { at } = position
  position.nameStart = at + ENTRY_SIZE
  position.nameEnd = at + ENTRY_SIZE + view.getUint16(at + 6, true) + 1
  position.type = view.getUint16(at + 4, true) as InodeType
  position.inodeNumber = position.firstNumber + view.getInt16(at + 2, true)
  position.inodeOffset = view.getUint16(at, true)
  position.at = position.nameEnd
  position.left--
  return true
}

/**
 * Decodes the run at an offset of a listing.
 * @returns its entries and its end; null if the bytes end inside the run.
 * @throws RangeError if the run has more than 256 entries; the kernel refuses it, too.
 */
export function decodeRun(
  view: DataView,
  offset: number,
): { readonly entries: readonly RunEntry[]; readonly end: number } | null {
  const position = { ...NO_POSITION }
  if (!startRun(view, offset, view.byteLength, position)) return null
  const entries: RunEntry[] = []
  while (nextRunEntry(view, position)) {
    const { nameStart, nameEnd, type, inodeNumber, inodeBlock, inodeOffset } = position
    entries.push({ nameStart, nameEnd, type, inodeNumber, inodeBlock, inodeOffset })
  }
  return { entries, end: position.at }
}

/** A position before the first run. */
export const NO_POSITION: RunPosition = {
  at: 0,
  left: 0,
  inodeBlock: 0,
  firstNumber: 0,
  nameStart: 0,
  nameEnd: 0,
  type: 2,
  inodeNumber: 0,
  inodeOffset: 0,
}

/**
 * Decodes all entries of a listing, in order.
 * @throws RangeError if the listing ends inside a run, or a run has more than 256 entries.
 */
export function decodeListing(bytes: Uint8Array): ListingEntry[] {
  const entries: ListingEntry[] = []
  const view = viewOf(bytes)
  for (let at = 0; at < bytes.length; ) {
    const run = decodeRun(view, at)
    if (run === null) throw new RangeError('the listing ends inside a run')
    for (const { nameStart, nameEnd, ...entry } of run.entries)
      entries.push({ name: bytes.subarray(nameStart, nameEnd), ...entry })
    at = run.end
  }
  return entries
}

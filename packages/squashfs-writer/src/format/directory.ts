/** Directory listings: runs of names under headers that hold what the names of a run share. */
import { viewOf } from './byte-order.js'
import type { InodeType } from './inode.js'
import { METADATA_BLOCK_SIZE } from './metadata-block.js'

const HEADER_SIZE = 12
const ENTRY_SIZE = 8
/** Names under one header: the kernel refuses more (`SQUASHFS_DIR_COUNT`, fs/squashfs/dir.c). */
const MAX_RUN = 256

/** One name of a directory. */
export interface ListingEntry {
  /** 1 to 255 bytes. */
  readonly name: Uint8Array
  readonly type: InodeType
  readonly inodeNumber: number
  /** Start of the metadata block that holds the inode, from the inode table's start. */
  readonly inodeBlock: number
  /** Where in that block's content the inode begins. */
  readonly inodeOffset: number
}

/** A place in a listing at which a header begins, with the name that follows. */
export interface ListingIndexEntry {
  /** Bytes from the listing's start. */
  readonly offset: number
  readonly name: Uint8Array
}

export interface Listing {
  readonly bytes: Uint8Array
  /** The first header that begins in each metadata block which the listing enters after its first. */
  readonly indexEntries: readonly ListingIndexEntry[]
}

/**
 * Encodes a directory's listing.
 *
 * A new header begins after 256 names, when the inode's metadata block changes, when an inode number is too far from
 * the run's first for 16 bits, and with the first name of each metadata block, so that an index can point there.
 *
 * @param entries in ascending order of their names' bytes: the kernel's lookup stops at the first greater name.
 * @param offset where in its first metadata block the listing will begin, 0 to 8,191.
 */
export function encodeListing(entries: readonly ListingEntry[], offset: number): Listing {
  let mostBytes = 0
  for (const entry of entries) mostBytes += HEADER_SIZE + ENTRY_SIZE + entry.name.length
  const bytes = new Uint8Array(mostBytes)
  const view = viewOf(bytes)
  const indexEntries: ListingIndexEntry[] = []

  let at = 0
  let block = 0
  let run = { at: 0, count: 0, inodeBlock: -1, inodeNumber: 0 } // none yet: no inode lies in block -1
  for (const entry of entries) {
    const blockNow = Math.floor((offset + at) / METADATA_BLOCK_SIZE)
    const difference = entry.inodeNumber - run.inodeNumber
    const continues =
      run.count < MAX_RUN &&
      entry.inodeBlock === run.inodeBlock &&
      difference >= -0x8000 &&
      difference <= 0x7fff &&
      blockNow === block
    if (!continues) {
      if (blockNow !== block) indexEntries.push({ offset: at, name: entry.name })
      block = blockNow
      run = { at, count: 0, inodeBlock: entry.inodeBlock, inodeNumber: entry.inodeNumber }
      view.setUint32(at + 4, entry.inodeBlock, true)
      view.setUint32(at + 8, entry.inodeNumber, true)
      at += HEADER_SIZE
    }
    view.setUint32(run.at, run.count++, true) // the field is the count - 1
    view.setUint16(at, entry.inodeOffset, true)
    view.setInt16(at + 2, entry.inodeNumber - run.inodeNumber, true)
    view.setUint16(at + 4, entry.type, true)
    view.setUint16(at + 6, entry.name.length - 1, true)
    bytes.set(entry.name, at + ENTRY_SIZE)
    at += ENTRY_SIZE + entry.name.length
  }
  return { bytes: bytes.subarray(0, at), indexEntries }
}

/** Bytes of the longest run that a kernel reads: a header and 256 entries with names of 256 bytes. */
export const LONGEST_RUN = HEADER_SIZE + MAX_RUN * (ENTRY_SIZE + 256)

/** An entry of a run; its name is not copied. */
export interface RunEntry extends Omit<ListingEntry, 'name'> {
  /** Where in the bytes its name is. */
  readonly nameStart: number
  readonly nameEnd: number
}

/** Where a reader of runs is, and the entry that it came to last; one for many, each written over the one before. */
export interface RunPosition {
  /** Where the next header or entry begins, in bytes from the listing's start. */
  at: number
  /** Entries that are left of the run. */
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
 * Goes to the run of a listing that begins at an offset.
 * @param end where the bytes of the listing end.
 * @returns false when the bytes end before it does.
 * @throws RangeError when it has more than 256 entries: the kernel refuses these too.
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

/** Goes to the next entry of a run that was started; false at its end. */
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
 * Decodes the run of a listing that begins at an offset.
 * @returns its entries and where it ends; null when the bytes end before it does.
 * @throws RangeError when it has more than 256 entries: the kernel refuses these too.
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

/** Before the first run. */
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
 * Decodes a directory's listing, in its order.
 * @throws RangeError when it ends inside a run, or a run has more than 256 entries.
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

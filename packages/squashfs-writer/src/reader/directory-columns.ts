/** Directory columns: the names in a directory with what a long listing says of them, without an object for each. */
import { viewOf } from '../format/byte-order.js'
import { NO_POSITION, nextRunEntry, startRun } from '../format/directory.js'
import { type InodeSummary, InodeType, inodeSize, summarizeInode } from '../format/inode.js'
import { type MetadataPlace, metadataReference } from '../format/metadata-block.js'
import { type ByteString, fromBytes, toDisplay } from '../tree/byte-string.js'
import { LONGEST_NAME, PIECE } from './directory-reader.js'
import { type ImageDirectory, inodeAt } from './inode-reader.js'
import type { Block } from './metadata-reader.js'
import type { Parts } from './parts.js'
import { type Steps, settled, take } from './steps.js'

/** Row n of each column belongs to name n; names ascend. Columns may be longer than {@link count}. */
export interface DirectoryColumns {
  readonly count: number
  /** All names, one after the other. */
  readonly names: Uint8Array
  /** Where in {@link names} each name ends, and the next begins. */
  readonly ends: Uint32Array
  readonly types: Uint8Array
  /** Permission bits. */
  readonly modes: Uint16Array
  readonly links: Uint32Array
  readonly uids: Uint32Array
  readonly gids: Uint32Array
  readonly mtimes: Uint32Array
  readonly numbers: Uint32Array
  /** As `stat` has it. */
  readonly sizes: Float64Array
  /** Of files that share a block of tails: its index; 0xffffffff for all else. */
  readonly fragments: Uint32Array
  /** Of the inodes, for what is not here: a symlink's target, a device's number. */
  readonly references: Float64Array
}

export interface ColumnReader {
  /** Of one directory. They are good until the next call: their memory is used again. */
  read(directory: ImageDirectory): DirectoryColumns | Promise<DirectoryColumns>
}

type Columns = { -readonly [field in keyof DirectoryColumns]: DirectoryColumns[field] }

export function columnReader(parts: Parts): ColumnReader {
  const { superblock, inodes, listings, ids, fail } = parts
  let columns = newColumns(1024, 16_384)
  const summary = newSummary()
  const run = { ...NO_POSITION }

  function* rowsOf(directory: ImageDirectory): Steps<DirectoryColumns> {
    const { listingBlock, listingOffset, listingSize } = directory
    let place: MetadataPlace = { block: listingBlock, offset: listingOffset }
    if (listingSize > listings.capacity(place)) throw fail('a directory is larger than the directory table')
    columns.count = 0
    for (let at = 0; at < listingSize; ) {
      const bytes = yield* settled(listings.read(place, Math.min(listingSize - at, PIECE)))
      const view = viewOf(bytes)
      let taken = 0
      while (startsRun(view, taken, view.byteLength)) {
        const block = yield* settled(inodes.block(run.inodeBlock))
        while (addWhole(bytes, view, block)) {
          const place = { block: run.inodeBlock, offset: run.inodeOffset }
          yield* settled(inodeAt(parts, place)) // all that it checks
          summarize(viewOf(yield* settled(inodes.upTo(place, SUMMARY_SIZE))), 0)
          addRow(bytes)
        }
        taken = run.at
      }
      if (taken === 0) throw fail('a directory ends in the middle of an entry')
      at += taken
      if (at < listingSize) place = yield* settled(listings.after(place, taken))
    }
    return columns
  }

  function startsRun(view: DataView, at: number, end: number): boolean {
    try {
      return startRun(view, at, end, run)
    } catch (cause) {
      if (cause instanceof RangeError) throw fail(cause.message, undefined, cause)
      throw cause
    }
  }

  /** Adds entries until the run ends (false), or comes to one whose record lies in two blocks (true). */
  function addWhole(bytes: Uint8Array, view: DataView, { view: records, content }: Block): boolean {
    while (nextRunEntry(view, run)) {
      const at = run.inodeOffset
      if (at + SUMMARY_SIZE > content.length && !endsIn(records, at)) return true
      summarize(records, at)
      addRow(bytes)
    }
    return false
  }

  /** Whether the record at the end of a block, or a table, is there as a whole. */
  function endsIn(records: DataView, at: number): boolean {
    const left = records.byteLength - at
    if (left < SMALLEST_RECORD) return false
    try {
      return inodeSize(records, at) <= left
    } catch (cause) {
      if (cause instanceof RangeError) return false
      throw cause
    }
  }

  function summarize(records: DataView, at: number): void {
    try {
      summarizeInode(records, at, summary)
    } catch (cause) {
      if (cause instanceof RangeError)
        throw fail(`an inode cannot be read (${cause.message})`, undefined, cause)
      throw cause
    }
  }

  function addRow(bytes: Uint8Array): void {
    const { nameStart, nameEnd } = run
    const n = columns.count
    const from = n === 0 ? 0 : columns.ends[n - 1]!
    const to = from + nameEnd - nameStart
    if (n === columns.types.length || to > columns.names.length) columns = grown(columns, to)
    const { names } = columns
    if (!copyName(bytes, nameStart, nameEnd, names, from))
      throw fail(`${JSON.stringify(shown(names, from, to))} cannot be a name in a directory`)
    columns.ends[n] = to
    if (n > 0) checkOrder(n === 1 ? 0 : columns.ends[n - 2]!, from, to)
    const { type, number } = summary
    if (type !== run.type || number !== run.inodeNumber)
      throw fail(`the entry of ${shown(names, from, to)} and its inode contradict each other`)
    if (number === 0 || number > superblock.inodeCount)
      throw fail(`an inode has the number ${number}, and there are ${superblock.inodeCount}`)
    // One by one: an array of both would be made, and walked, for every name.
    const uid = ids.values[summary.uidIndex]
    const gid = ids.values[summary.gidIndex]
    if (uid === undefined || gid === undefined)
      throw fail(
        `an inode has owner ${summary.uidIndex} or group ${summary.gidIndex}, and there are ${ids.values.length}`,
      )
    columns.types[n] = type
    columns.modes[n] = summary.mode
    columns.links[n] = summary.links
    columns.uids[n] = uid
    columns.gids[n] = gid
    columns.mtimes[n] = summary.mtime
    columns.numbers[n] = number
    columns.sizes[n] = summary.size
    columns.fragments[n] = summary.fragment
    columns.references[n] = metadataReference(run.inodeBlock, run.inodeOffset)
    columns.count++
  }

  /** As `directory-reader.ts` checks it. */
  function checkOrder(before: number, from: number, to: number): void {
    const { names } = columns
    if (!ascends(names, before, from, to))
      throw fail(
        `${shown(names, from, to)} comes after ${shown(names, before, from)} in a directory: names must ascend`,
      )
  }

  /** Reads a directory all of which is in memory, as most are; null for any other. */
  function readAtHand({ listingBlock, listingOffset, listingSize }: ImageDirectory): DirectoryColumns | null {
    const listing = listings.blockAtHand({ block: listingBlock, offset: listingOffset }, listingSize)
    if (listing === null) return null
    const { content, view } = listing
    const end = listingOffset + listingSize
    columns.count = 0
    for (let at = listingOffset; at < end; at = run.at) {
      if (!startsRun(view, at, end)) return null
      const block = inodes.block(run.inodeBlock)
      if (block instanceof Promise || addWhole(content, view, block)) return null
    }
    return columns
  }

  return { read: (directory) => readAtHand(directory) ?? take(rowsOf(directory)) }
}

/** The name of a row. */
export function nameAt({ names, ends }: DirectoryColumns, row: number): ByteString {
  return fromBytes(names.subarray(row === 0 ? 0 : ends[row - 1], ends[row]))
}

/** Bytes of a record that hold all of its summary. */
const SUMMARY_SIZE = 48
const SMALLEST_RECORD = 24
const SLASH = 0x2f
const DOT = 0x2e

/** Copies a name whole, and tells whether it is one, as `directory-reader.ts` checks it. */
function copyName(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): boolean {
  const length = end - start
  let isName = length <= LONGEST_NAME
  for (let n = 0; n < length; n++) {
    const byte = bytes[start + n]!
    into[at + n] = byte
    if (byte === SLASH || byte === 0) isName = false
  }
  if (bytes[start] !== DOT || length > 2) return isName
  return length === 2 && bytes[start + 1] !== DOT && isName
}

/** Whether what ends where the next begins is smaller. */
function ascends(names: Uint8Array, before: number, from: number, to: number): boolean {
  for (let at = 0; before + at < from && from + at < to; at++) {
    const difference = names[from + at]! - names[before + at]!
    if (difference !== 0) return difference > 0
  }
  return to - from > from - before
}

function shown(names: Uint8Array, from: number, to: number): string {
  return toDisplay(fromBytes(names.subarray(from, to)))
}

function newColumns(rows: number, bytes: number): Columns {
  return {
    count: 0,
    names: new Uint8Array(bytes),
    ends: new Uint32Array(rows),
    types: new Uint8Array(rows),
    modes: new Uint16Array(rows),
    links: new Uint32Array(rows),
    uids: new Uint32Array(rows),
    gids: new Uint32Array(rows),
    mtimes: new Uint32Array(rows),
    numbers: new Uint32Array(rows),
    sizes: new Float64Array(rows),
    fragments: new Uint32Array(rows),
    references: new Float64Array(rows),
  }
}

/** A larger object of the same shape: code that V8 has compiled stays good for it. */
function grown(old: Columns, bytes: number): Columns {
  const larger = newColumns(2 * old.types.length, Math.max(2 * old.names.length, bytes))
  larger.count = old.count
  larger.names.set(old.names)
  larger.ends.set(old.ends)
  larger.types.set(old.types)
  larger.modes.set(old.modes)
  larger.links.set(old.links)
  larger.uids.set(old.uids)
  larger.gids.set(old.gids)
  larger.mtimes.set(old.mtimes)
  larger.numbers.set(old.numbers)
  larger.sizes.set(old.sizes)
  larger.fragments.set(old.fragments)
  larger.references.set(old.references)
  return larger
}

function newSummary(): InodeSummary {
  return {
    type: InodeType.FILE,
    mode: 0,
    uidIndex: 0,
    gidIndex: 0,
    mtime: 0,
    number: 0,
    links: 0,
    size: 0,
    fragment: 0,
  }
}

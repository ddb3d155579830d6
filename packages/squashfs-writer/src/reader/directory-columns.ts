/** Directory columns: the entries of a directory with the fields of a long listing, in typed arrays rather than objects. */
import { viewOf } from '../format/byte-order.js'
import { NO_POSITION, nextRunEntry, startRun } from '../format/directory.js'
import { type InodeSummary, InodeType, inodeSize, summarizeInode } from '../format/inode.js'
import { type MetadataPlace, metadataReference } from '../format/metadata-block.js'
import { type ByteString, fromBytes, toDisplay } from '../tree/byte-string.js'
import { LONGEST_NAME, PIECE } from './directory-reader.js'
import { type ImageDirectory, inodeAt } from './inode-reader.js'
import type { Block } from './metadata-reader.js'
import type { ReaderContext } from './reader-context.js'
import { runSteps, type Steps, waitFor } from './steps.js'

/** The entries of a directory as columns. Element n of each column belongs to entry n; names ascend. Columns may be longer than {@link count}. */
export interface DirectoryColumns {
  readonly count: number
  /** All names, concatenated. */
  readonly names: Uint8Array
  /** The end of each name in {@link names}. */
  readonly ends: Uint32Array
  readonly types: Uint8Array
  /** Permission bits. */
  readonly modes: Uint16Array
  readonly links: Uint32Array
  readonly uids: Uint32Array
  readonly gids: Uint32Array
  readonly mtimes: Uint32Array
  readonly numbers: Uint32Array
  /** As in `stat`. */
  readonly sizes: Float64Array
  /** Index of the fragment block of a file; 0xffffffff if there is none. */
  readonly fragments: Uint32Array
  /** Metadata references of the inodes, to read further fields such as a symlink's target or a device number. */
  readonly references: Float64Array
}

export interface ColumnReader {
  /** Reads one directory. The columns are valid until the next call, which reuses their memory. */
  read(directory: ImageDirectory): DirectoryColumns | Promise<DirectoryColumns>
}

type Columns = { -readonly [field in keyof DirectoryColumns]: DirectoryColumns[field] }

export function columnReader(context: ReaderContext): ColumnReader {
  const { superblock, inodes, listings, ids, fail } = context
  let columns = newColumns(1024, 16_384)
  const summary = newSummary()
  const run = { ...NO_POSITION }

  function* rowsOf(directory: ImageDirectory): Steps<DirectoryColumns> {
    const { listingBlock, listingOffset, listingSize } = directory
    let place: MetadataPlace = { block: listingBlock, offset: listingOffset }
    if (listingSize > listings.capacity(place)) throw fail('a directory is larger than the directory table')
    columns.count = 0
    for (let at = 0; at < listingSize; ) {
      const bytes = yield* waitFor(listings.read(place, Math.min(listingSize - at, PIECE)))
      const view = viewOf(bytes)
      let taken = 0
      while (startsRun(view, taken, view.byteLength)) {
        const block = yield* waitFor(inodes.block(run.inodeBlock))
        while (addEntries(bytes, view, block)) {
          const place = { block: run.inodeBlock, offset: run.inodeOffset }
          yield* waitFor(inodeAt(context, place)) // checks the inode
          summarize(viewOf(yield* waitFor(inodes.upTo(place, SUMMARY_SIZE))), 0)
          addRow(bytes)
        }
        taken = run.at
      }
      if (taken === 0) throw fail('a directory ends in the middle of an entry')
      at += taken
      if (at < listingSize) place = yield* waitFor(listings.after(place, taken))
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

  /** Adds the entries of a run. Returns true at an entry whose inode is in two blocks, and false at the end of the run. */
  function addEntries(bytes: Uint8Array, view: DataView, { view: records, content }: Block): boolean {
    while (nextRunEntry(view, run)) {
      const at = run.inodeOffset
      if (at + SUMMARY_SIZE > content.length && !isComplete(records, at)) return true
      summarize(records, at)
      addRow(bytes)
    }
    return false
  }

  /** Whether the block contains the whole record at its end. */
  function isComplete(records: DataView, at: number): boolean {
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
    // Two lookups rather than a loop: an array of both would be allocated for every name.
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

  /** The same check as in `directory-reader.ts`. */
  function checkOrder(before: number, from: number, to: number): void {
    const { names } = columns
    if (!ascends(names, before, from, to))
      throw fail(
        `${shown(names, from, to)} comes after ${shown(names, before, from)} in a directory: names must ascend`,
      )
  }

  /** Reads a directory whose metadata blocks are all cached, as usual. Returns null if one is not. */
  function readCached({ listingBlock, listingOffset, listingSize }: ImageDirectory): DirectoryColumns | null {
    const listing = listings.cachedBlock({ block: listingBlock, offset: listingOffset }, listingSize)
    if (listing === null) return null
    const { content, view } = listing
    const end = listingOffset + listingSize
    columns.count = 0
    for (let at = listingOffset; at < end; at = run.at) {
      if (!startsRun(view, at, end)) return null
      const block = inodes.block(run.inodeBlock)
      if (block instanceof Promise || addEntries(content, view, block)) return null
    }
    return columns
  }

  return { read: (directory) => readCached(directory) ?? runSteps(rowsOf(directory)) }
}

/** The name of entry `row`. */
export function nameAt({ names, ends }: DirectoryColumns, row: number): ByteString {
  return fromBytes(names.subarray(row === 0 ? 0 : ends[row - 1], ends[row]))
}

/** Bytes of an inode that contain all fields of its summary. */
const SUMMARY_SIZE = 48
const SMALLEST_RECORD = 24
const SLASH = 0x2f
const DOT = 0x2e

/** Copies a name, and returns whether it is valid. The same check as in `directory-reader.ts`. */
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

/** Whether the name from `before` to `from` is smaller than the name from `from` to `to`. */
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

/** Creates larger columns. The object has the same shape, so that code compiled by V8 stays valid. */
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

/** The lines of a directory as `ls -l` has them: mode, links, owner, group, size, time and name. */
import { toDisplay } from 'squashfs-writer/paths'
import {
  type DirectoryColumns,
  decodeDeviceNumber,
  type ImageInode,
  InodeType,
  nameAt,
  targetOf,
} from 'squashfs-writer/read'
import { minute } from '../../terminal/figures.js'
import { printable } from '../../terminal/printable.js'
import type { ListedDirectory } from './directories.js'
import { LineBuffer } from './line-buffer.js'
import { modeText } from './mode-text.js'

const SPACE = 0x20
const NEWLINE = 0x0a
/** The most bytes that a line has before its name, whatever its columns hold. */
const MAX_BYTES_BEFORE_NAME = 160

export class LineWriter {
  readonly #buffer = new LineBuffer()
  /** The position of the first columns of the last line in the buffer. */
  #firstColumns = 0
  #firstColumnsEnd = 0

  /** The number of bytes that were written and not taken yet. */
  get length(): number {
    return this.#buffer.length
  }

  addText(text: string): void {
    this.#buffer.addText(text)
  }

  addDirectory(directory: ListedDirectory): void {
    const { columns, inodes } = directory
    const widths = widthsOf(directory)
    for (let row = 0; row < columns.count; row++) {
      this.#addLine(columns, row, inodes.size === 0 ? undefined : inodes.get(row), widths)
    }
  }

  /** All that was written; valid until more is added. */
  take(): Uint8Array {
    return this.#buffer.take()
  }

  #addLine(columns: DirectoryColumns, row: number, inode: ImageInode | undefined, widths: Widths): void {
    const buffer = this.#buffer
    buffer.reserve(MAX_BYTES_BEFORE_NAME)
    this.#addFirstColumns(columns, row, widths)
    if (inode !== undefined && 'device' in inode)
      buffer.addAscii(deviceText(inode.device).padStart(widths.size))
    else buffer.addNumber(columns.sizes[row]!, widths.size)
    buffer.addByte(SPACE)
    buffer.addAscii(timeText(columns.mtimes[row]!))
    this.#addName(columns, row)
    if (inode?.type === InodeType.SYMLINK) buffer.addText(` -> ${printable(toDisplay(targetOf(inode)))}`)
    buffer.reserve(1)
    buffer.addByte(NEWLINE)
  }

  /** Mode, links, owner and group. They are mostly those of the line before, and are then copied from it. */
  #addFirstColumns(columns: DirectoryColumns, row: number, widths: Widths): void {
    const buffer = this.#buffer
    if (row > 0 && isSameAsBefore(columns, row)) {
      buffer.repeat(this.#firstColumns, this.#firstColumnsEnd)
      return
    }
    const { types, modes, links, uids, gids } = columns
    this.#firstColumns = buffer.length
    buffer.addAscii(modeText(types[row] as InodeType, modes[row]!))
    buffer.addByte(SPACE)
    buffer.addNumber(links[row]!, widths.links)
    buffer.addByte(SPACE)
    buffer.addNumber(uids[row]!, widths.uid)
    buffer.addByte(SPACE)
    buffer.addNumber(gids[row]!, widths.gid)
    buffer.addByte(SPACE)
    this.#firstColumnsEnd = buffer.length
  }

  #addName(columns: DirectoryColumns, row: number): void {
    const { names, ends } = columns
    const start = row === 0 ? 0 : ends[row - 1]!
    if (this.#buffer.addPrintable(names, start, ends[row]!)) return
    this.#buffer.addText(printable(toDisplay(nameAt(columns, row))))
  }
}

/** Widths of columns. */
interface Widths {
  readonly links: number
  readonly uid: number
  readonly gid: number
  /** The width of sizes and device numbers. */
  readonly size: number
}

/** The least widths that hold all values of a directory. */
function widthsOf({ columns, inodes }: ListedDirectory): Widths {
  const { count, links, uids, gids, sizes } = columns
  let maxLinks = 0
  let maxUid = 0
  let maxGid = 0
  let maxSize = 0
  for (let row = 0; row < count; row++) {
    if (links[row]! > maxLinks) maxLinks = links[row]!
    if (uids[row]! > maxUid) maxUid = uids[row]!
    if (gids[row]! > maxGid) maxGid = gids[row]!
    if (sizes[row]! > maxSize) maxSize = sizes[row]!
  }
  return {
    links: digits(maxLinks),
    uid: digits(maxUid),
    gid: digits(maxGid),
    size: Math.max(digits(maxSize), deviceWidth(inodes)),
  }
}

function deviceWidth(inodes: ListedDirectory['inodes']): number {
  let width = 0
  if (inodes.size === 0) return width
  for (const inode of inodes.values())
    if ('device' in inode) width = Math.max(width, deviceText(inode.device).length)
  return width
}

/** Whether the first columns of a row are those of the row before. */
function isSameAsBefore({ types, modes, links, uids, gids }: DirectoryColumns, row: number): boolean {
  const before = row - 1
  return (
    types[row] === types[before] &&
    modes[row] === modes[before] &&
    links[row] === links[before] &&
    uids[row] === uids[before] &&
    gids[row] === gids[before]
  )
}

function digits(value: number): number {
  return String(value).length
}

function deviceText(device: number): string {
  const { major, minor } = decodeDeviceNumber(device)
  return `${major}, ${minor}`
}

/** Texts by minute, with a space at the end: an image has few different ones. */
const knownTimes = new Map<number, string>()
const MAX_KNOWN_TIMES = 4096

function timeText(seconds: number): string {
  const key = Math.floor(seconds / 60)
  const known = knownTimes.get(key)
  if (known !== undefined) return known
  const text = `${minute(new Date(60_000 * key))} `
  if (knownTimes.size < MAX_KNOWN_TIMES) knownTimes.set(key, text)
  return text
}

/** The lines of a directory as `ls -l` has them, written as bytes: most names are, and text for each would take longer. */
import { toDisplay } from 'squashfs-writer/paths'
import { type DirectoryColumns, decodeDeviceNumber, InodeType, nameAt, targetOf } from 'squashfs-writer/read'
import { minute } from '../../terminal/figures.js'
import { printable } from '../../terminal/printable.js'
import type { ListedDirectory } from './directories.js'

export interface LineWriter {
  /** Bytes that wait to be taken. */
  readonly length: number
  addText(text: string): void
  addDirectory(directory: ListedDirectory): void
  /** The bytes that wait; valid until more are added. */
  take(): Uint8Array
}

const SPACE = 0x20
const NEWLINE = 0x0a
const ZERO = 0x30
/** Bytes that a line has at most before its name, whatever its columns hold. */
const LONGEST_HEAD = 160

export function lineWriter(): LineWriter {
  let bytes = new Uint8Array(524_288)
  let end = 0
  /** Where the last head is. */
  let [head, headEnd] = [0, 0]

  function reserve(more: number): void {
    if (end + more <= bytes.length) return
    const larger = new Uint8Array(2 * (end + more))
    larger.set(bytes.subarray(0, end))
    bytes = larger
  }

  function addText(text: string): void {
    reserve(3 * text.length)
    if (isAscii(text)) addAscii(text)
    else end += encoder.encodeInto(text, bytes.subarray(end)).written
  }

  /** Adds a text that is surely ASCII. */
  function addAscii(text: string): void {
    for (let n = 0; n < text.length; n++) bytes[end + n] = text.charCodeAt(n)
    end += text.length
  }

  /** Right-aligned, with a space behind it. */
  function addNumber(value: number, width: number): void {
    if (value > 0x7fff_ffff) {
      addAscii(String(value).padStart(width))
    } else {
      let at = end + width
      let rest = value
      do {
        const next = (rest / 10) | 0
        bytes[--at] = ZERO + rest - next * 10
        rest = next
      } while (rest > 0)
      while (at > end) bytes[--at] = SPACE
      end += width
    }
    bytes[end++] = SPACE
  }

  function addName(columns: DirectoryColumns, row: number): void {
    const { names, ends } = columns
    const from = row === 0 ? 0 : ends[row - 1]!
    const to = ends[row]!
    reserve(to - from + 1)
    for (let at = from, into = end; at < to; at++, into++) {
      const byte = names[at]!
      if (byte < 0x20 || byte > 0x7e) {
        addText(printable(toDisplay(nameAt(columns, row))))
        return
      }
      bytes[into] = byte
    }
    end += to - from
  }

  /** What most lines of a directory have in common: it is copied from the line before. */
  function addHead(columns: DirectoryColumns, row: number, widths: Widths): void {
    const { types, modes, links, uids, gids } = columns
    if (row > 0 && isAsBefore(columns, row)) {
      for (let at = head; at < headEnd; at++) bytes[end++] = bytes[at]!
    } else {
      head = end
      addAscii(modeText(types[row] as InodeType, modes[row]!))
      bytes[end++] = SPACE
      addNumber(links[row]!, widths.links)
      addNumber(uids[row]!, widths.uid)
      addNumber(gids[row]!, widths.gid)
      headEnd = end
    }
  }

  function addLine(directory: ListedDirectory, row: number, widths: Widths): void {
    const { columns, inodes } = directory
    reserve(LONGEST_HEAD)
    addHead(columns, row, widths)
    const inode = inodes.size === 0 ? undefined : inodes.get(row)
    if (inode !== undefined && 'device' in inode)
      addAscii(`${deviceText(inode.device).padStart(widths.size)} `)
    else addNumber(columns.sizes[row]!, widths.size)
    addAscii(timeText(columns.mtimes[row]!))
    addName(columns, row)
    if (inode?.type === InodeType.SYMLINK) addText(` -> ${printable(toDisplay(targetOf(inode)))}`)
    reserve(1)
    bytes[end++] = NEWLINE
  }

  return {
    get length() {
      return end
    },
    addText,
    addDirectory(directory) {
      const widths = widthsOf(directory)
      for (let row = 0; row < directory.columns.count; row++) addLine(directory, row, widths)
    },
    take() {
      const taken = bytes.subarray(0, end)
      end = 0
      return taken
    },
  }
}

const encoder = new TextEncoder()

function isAscii(text: string): boolean {
  for (let n = 0; n < text.length; n++) if (text.charCodeAt(n) > 0x7e) return false
  return true
}

interface Widths {
  readonly links: number
  readonly uid: number
  readonly gid: number
  /** Of sizes and device numbers. */
  readonly size: number
}

/** Columns are as wide as they must be. */
function widthsOf({ columns, inodes }: ListedDirectory): Widths {
  const { count, links, uids, gids, sizes } = columns
  let most = 0
  let uid = 0
  let gid = 0
  let size = 0
  for (let n = 0; n < count; n++) {
    if (links[n]! > most) most = links[n]!
    if (uids[n]! > uid) uid = uids[n]!
    if (gids[n]! > gid) gid = gids[n]!
    if (sizes[n]! > size) size = sizes[n]!
  }
  let devices = 0
  if (inodes.size > 0)
    for (const inode of inodes.values())
      if ('device' in inode) devices = Math.max(devices, deviceText(inode.device).length)
  return { links: digits(most), uid: digits(uid), gid: digits(gid), size: Math.max(digits(size), devices) }
}

function isAsBefore({ types, modes, links, uids, gids }: DirectoryColumns, row: number): boolean {
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

/** By minute: there are few different ones. With a space behind. */
const minutes = new Map<number, string>()

function timeText(seconds: number): string {
  const key = Math.floor(seconds / 60)
  const known = minutes.get(key)
  if (known !== undefined) return known
  const text = `${minute(new Date(60_000 * key))} `
  if (minutes.size < 4096) minutes.set(key, text)
  return text
}

const LETTERS: Readonly<Record<InodeType, string>> = {
  [InodeType.DIRECTORY]: 'd',
  [InodeType.FILE]: '-',
  [InodeType.SYMLINK]: 'l',
  [InodeType.BLOCK_DEVICE]: 'b',
  [InodeType.CHARACTER_DEVICE]: 'c',
  [InodeType.FIFO]: 'p',
  [InodeType.SOCKET]: 's',
}

/** `-rwxr-xr-x`, with `s`, `S`, `t` and `T` as ls has them. */
function modeText(type: InodeType, mode: number): string {
  const key = type * 0o10000 + mode
  const known = modeTexts.get(key) ?? newModeText(type, mode)
  modeTexts.set(key, known)
  return known
}

/** There are few different ones. */
const modeTexts = new Map<number, string>()

function newModeText(type: InodeType, mode: number): string {
  const bits = [0o400, 0o200, 0o100, 0o040, 0o020, 0o010, 0o004, 0o002, 0o001]
  const plain = bits.map((bit, n) => ((mode & bit) === 0 ? '-' : 'rwx'.charAt(n % 3)))
  const special = [
    [0o4000, 2, 's'],
    [0o2000, 5, 's'],
    [0o1000, 8, 't'],
  ] as const
  for (const [bit, at, letter] of special) {
    if ((mode & bit) !== 0) plain[at] = plain[at] === 'x' ? letter : letter.toUpperCase()
  }
  return LETTERS[type] + plain.join('')
}

/** `venv-packer list`: the entries of an image, as `ls -l` shows them, or as JSON. */

import { resolve } from 'node:path'
import { type ByteString, toDisplay } from 'squashfs-writer/paths'
import { decodeDeviceNumber, type ImageInode, InodeType, targetOf } from 'squashfs-writer/read'
import type { Invocation } from '../cli/commands.js'
import { type ExitCode, exitCodes } from '../failure.js'
import { locate, shownPath, withImage } from '../image/opened-image.js'
import { packageVersion } from '../package.js'
import { minute } from '../terminal/figures.js'
import { printable } from '../terminal/printable.js'
import { line, printMore } from '../terminal/printing.js'

export interface ListRequest {
  /** As they were typed. */
  readonly image: string
  /** From the image's root; '' for the root. */
  readonly path: string
  readonly recursive: boolean
}

export interface ListedDirectory {
  /** From the image's root; null where something else than a directory was named, which is then the only name. */
  readonly path: ByteString | null
  readonly names: readonly { readonly name: ByteString; readonly inode: ImageInode }[]
}

export async function runList({ values }: Invocation<'list'>): Promise<ExitCode> {
  const request = { image: values.image, path: values.path ?? '', recursive: values.recursive }
  const printer = values.json ? jsonPrinter(request, printMore) : textPrinter(request, printMore)
  await list(request, printer.take)
  await printer.end()
  return exitCodes.done
}

/** @param take is given directory after directory; false ends it: no one wants more. */
export async function list(
  request: ListRequest,
  take: (directory: ListedDirectory) => Promise<boolean>,
): Promise<void> {
  await withImage(request.image, async (opened) => {
    const { image } = opened
    const { path, inode } = await locate(opened, request.path, false)
    if (inode.type !== InodeType.DIRECTORY) {
      await take({ path: null, names: [{ name: path, inode }] })
    } else if (request.recursive) {
      for await (const directory of image.walk(Buffer.from(path, 'latin1')))
        if (!(await take(directory))) return
    } else {
      await take({ path, names: await image.list(inode) })
    }
  })
}

/** Characters that are printed in one go. */
const PIECE_SIZE = 65_536

/** A printer takes directory after directory; `end` prints the rest. */
export interface ListPrinter {
  readonly take: (directory: ListedDirectory) => Promise<boolean>
  readonly end: () => Promise<void>
}

function textPrinter({ recursive }: ListRequest, print: (text: string) => Promise<boolean>): ListPrinter {
  let text = ''
  let isFirst = true
  return {
    async take(directory) {
      const { path } = directory
      if (recursive && path !== null) text += `${isFirst ? '' : '\n'}${printable(shownPath(path))}:\n`
      isFirst = false
      text += lines(directory)
      if (text.length < PIECE_SIZE) return true
      const piece = text
      text = ''
      return await print(piece)
    },
    async end() {
      await print(text)
    },
  }
}

/** Columns as wide as they must be: mode, links, owner, group, size or device, time, name. */
function lines({ names }: ListedDirectory): string {
  const widths = [0, 0, 0, 0]
  const rows = names.map(({ inode }) => {
    const columns = [String(inode.links), String(inode.uid), String(inode.gid), sizeText(inode)]
    for (let n = 0; n < 4; n++) widths[n] = Math.max(widths[n]!, columns[n]!.length)
    return columns
  })
  let text = ''
  for (const [n, { name, inode }] of names.entries()) {
    const columns = rows[n]!.map((column, at) => column.padStart(widths[at]!)).join(' ')
    const target = inode.type === InodeType.SYMLINK ? ` -> ${printable(toDisplay(targetOf(inode)))}` : ''
    text += `${modeText(inode)} ${columns} ${timeText(inode.head.mtime)} ${printable(toDisplay(name))}${target}\n`
  }
  return text
}

let lastTime = -1
let lastText = ''

/** Neighbours tend to have one time. */
function timeText(seconds: number): string {
  if (seconds !== lastTime) {
    lastTime = seconds
    lastText = minute(new Date(1000 * seconds))
  }
  return lastText
}

const letters: Readonly<Record<InodeType, string>> = {
  [InodeType.DIRECTORY]: 'd',
  [InodeType.FILE]: '-',
  [InodeType.SYMLINK]: 'l',
  [InodeType.BLOCK_DEVICE]: 'b',
  [InodeType.CHARACTER_DEVICE]: 'c',
  [InodeType.FIFO]: 'p',
  [InodeType.SOCKET]: 's',
}

/** `-rwxr-xr-x`, with `s`, `S`, `t` and `T` as ls has them. */
function modeText({ type, head: { mode } }: ImageInode): string {
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
  return letters[type] + plain.join('')
}

function sizeText(inode: ImageInode): string {
  if ('device' in inode) {
    const { major, minor } = decodeDeviceNumber(inode.device)
    return `${major}, ${minor}`
  }
  return String(sizeOf(inode))
}

/** Bytes, as the kernel says it of a mounted image. */
function sizeOf(inode: ImageInode): number {
  switch (inode.type) {
    case InodeType.FILE:
      return inode.size
    case InodeType.DIRECTORY:
      return inode.listingSize + 3
    case InodeType.SYMLINK:
      return inode.target.length
    default:
      return 0
  }
}

const typeNames: Readonly<Record<InodeType, string>> = {
  [InodeType.DIRECTORY]: 'directory',
  [InodeType.FILE]: 'file',
  [InodeType.SYMLINK]: 'symlink',
  [InodeType.BLOCK_DEVICE]: 'block-device',
  [InodeType.CHARACTER_DEVICE]: 'character-device',
  [InodeType.FIFO]: 'fifo',
  [InodeType.SOCKET]: 'socket',
}

function jsonPrinter(request: ListRequest, print: (text: string) => Promise<boolean>): ListPrinter {
  const entries: object[] = []
  return {
    async take({ path, names }) {
      for (const { name, inode } of names)
        entries.push({
          path: toDisplay(path === null || path === '' ? name : `${path}/${name}`),
          type: typeNames[inode.type],
          mode: inode.head.mode,
          uid: inode.uid,
          gid: inode.gid,
          size: sizeOf(inode),
          mtime: inode.head.mtime,
          links: inode.links,
          inode: inode.head.number,
          target: inode.type === InodeType.SYMLINK ? toDisplay(targetOf(inode)) : null,
          device: 'device' in inode ? decodeDeviceNumber(inode.device) : null,
        })
      return true
    },
    async end() {
      const image = { path: resolve(request.image) }
      await print(line({ ok: true, command: 'list', version: packageVersion(), image, entries }))
    },
  }
}

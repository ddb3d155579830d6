/** What is in an image, as `ls -l` shows it. */
import { resolve } from 'node:path'
import { toDisplay } from 'squashfs-writer/paths'
import { decodeDeviceNumber, InodeType, nameAt, targetOf } from 'squashfs-writer/read'
import type { ReportStyle } from '../command-line/report-style.js'
import type { ListedDirectory, ListRequest } from '../commands/list.js'
import { shownPath } from '../image/opened-image.js'
import { packageVersion } from '../version.js'
import { json } from './json-line.js'
import { lineWriter } from './list-lines.js'
import { printable } from './printable.js'

/** Bytes that are printed in one go. */
const pieceSize = 65_536

/** What takes directory after directory, and prints them; `end` prints the rest. */
export interface ListPrinter {
  readonly take: (directory: ListedDirectory) => Promise<boolean>
  readonly end: () => Promise<void>
}

/** @param print writes a piece; false when no one reads it any more. */
export function listPrinter(
  request: ListRequest,
  style: ReportStyle,
  print: (piece: string | Uint8Array) => Promise<boolean>,
): ListPrinter {
  return style.json ? jsonPrinter(request, print) : textPrinter(request, print)
}

type Print = Parameters<typeof listPrinter>[2]

function textPrinter({ recursive }: ListRequest, print: Print): ListPrinter {
  const lines = lineWriter()
  let isFirst = true
  return {
    async take(directory) {
      const { path } = directory
      if (recursive && path !== null) lines.addText(`${isFirst ? '' : '\n'}${printable(shownPath(path))}:\n`)
      isFirst = false
      lines.addDirectory(directory)
      return lines.length < pieceSize || (await print(lines.take()))
    },
    async end() {
      if (lines.length > 0) await print(lines.take())
    },
  }
}

const typeNames: Readonly<Record<number, string>> = {
  [InodeType.DIRECTORY]: 'directory',
  [InodeType.FILE]: 'file',
  [InodeType.SYMLINK]: 'symlink',
  [InodeType.BLOCK_DEVICE]: 'block-device',
  [InodeType.CHARACTER_DEVICE]: 'character-device',
  [InodeType.FIFO]: 'fifo',
  [InodeType.SOCKET]: 'socket',
}

/** One object, printed piece by piece. */
function jsonPrinter(request: ListRequest, print: Print): ListPrinter {
  const image = { path: resolve(request.image) }
  const head = json({ ok: true, command: 'list', version: packageVersion(), image, entries: [] })
  let text = head.slice(0, -']}'.length)
  let isFirst = true

  function entry({ path, columns, inodes }: ListedDirectory, row: number): string {
    const inode = inodes.get(row)
    const name = nameAt(columns, row)
    return json({
      path: toDisplay(path === null || path === '' ? name : `${path}/${name}`),
      type: typeNames[columns.types[row]!],
      mode: columns.modes[row],
      uid: columns.uids[row],
      gid: columns.gids[row],
      size: columns.sizes[row],
      mtime: columns.mtimes[row],
      links: columns.links[row],
      inode: columns.numbers[row],
      target: inode?.type === InodeType.SYMLINK ? toDisplay(targetOf(inode)) : null,
      device: inode !== undefined && 'device' in inode ? decodeDeviceNumber(inode.device) : null,
    })
  }

  return {
    async take(directory) {
      for (let row = 0; row < directory.columns.count; row++) {
        text += `${isFirst ? '' : ','}${entry(directory, row)}`
        isFirst = false
      }
      if (text.length < pieceSize) return true
      const piece = text
      text = ''
      return await print(piece)
    },
    async end() {
      await print(`${text}]}\n`)
    },
  }
}

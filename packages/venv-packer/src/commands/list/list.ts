/** `venv-packer list`: prints the entries of an image like `ls -l`, or as JSON. */

import { resolve } from 'node:path'
import { toDisplay } from 'squashfs-writer/paths'
import { decodeDeviceNumber, InodeType, nameAt, TYPE_NAMES, targetOf } from 'squashfs-writer/read'
import type { Invocation } from '../../cli/commands.js'
import { EXIT_CODES, type ExitCode } from '../../failure.js'
import { shownPath } from '../../image/opened-image.js'
import { packageVersion } from '../../package.js'
import { printable } from '../../terminal/printable.js'
import { json, printMore } from '../../terminal/printing.js'
import { type ListedDirectory, type ListRequest, list } from './directories.js'
import { LineWriter } from './lines.js'

export async function runList({ values }: Invocation<'list'>): Promise<ExitCode> {
  const request = { image: values.image, path: values.path ?? '', recursive: values.recursive }
  const printer = values.json ? jsonPrinter(request, printMore) : textPrinter(request, printMore)
  await list(request, printer.take)
  await printer.end()
  return EXIT_CODES.done
}

/** The number of bytes that are printed at once. */
const PIECE_SIZE = 262_144

/** Prints directories. `end` prints the rest. */
interface ListPrinter {
  readonly take: (directory: ListedDirectory) => boolean | Promise<boolean>
  readonly end: () => Promise<void>
}

/** Prints a piece of the output. Resolves with false if the reader has closed the pipe. */
type Print = (piece: string | Uint8Array) => Promise<boolean>

function textPrinter({ recursive }: ListRequest, print: Print): ListPrinter {
  const lines = new LineWriter()
  let isFirst = true
  return {
    take(directory) {
      const { path } = directory
      if (recursive && path !== null) lines.addText(`${isFirst ? '' : '\n'}${printable(shownPath(path))}:\n`)
      isFirst = false
      lines.addDirectory(directory)
      return lines.length < PIECE_SIZE || print(lines.take())
    },
    async end() {
      if (lines.length > 0) await print(lines.take())
    },
  }
}

/** Prints one JSON object in pieces. */
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
      type: TYPE_NAMES[columns.types[row] as InodeType],
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
    take(directory) {
      for (let row = 0; row < directory.columns.count; row++) {
        text += `${isFirst ? '' : ','}${entry(directory, row)}`
        isFirst = false
      }
      if (text.length < PIECE_SIZE) return true
      const piece = text
      text = ''
      return print(piece)
    },
    async end() {
      await print(`${text}]}\n`)
    },
  }
}

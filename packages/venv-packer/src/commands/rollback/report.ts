/** The report on a rollback, or the list of kept images, in the style that was asked for. */
import { basename } from 'node:path'
import type { ReportStyle } from '../../cli/report-style.js'
import type { ImageFile } from '../../image/image-file.js'
import { bytes, minute } from '../../terminal/figures.js'
import { printable } from '../../terminal/printable.js'
import { shellWord } from '../../terminal/shell-word.js'
import { rollbackJson } from '../pack/json.js'
import type { RollbackChange, RollbackReport } from './rollback.js'

export function reportRollback(report: RollbackReport, style: ReportStyle): string {
  if (style.json) return rollbackJson(report)
  if (report.change === undefined) return text(list(report))
  return style.quiet ? '' : text(changed(report, report.change))
}

function changed({ image }: RollbackReport, { restored, replaced }: RollbackChange): readonly string[] {
  const { written, bytes: size } = restored
  const headline =
    `${printable(image.typed)} is again what was kept as ${nameOf(restored.path)} ` +
    `(packed ${minute(written)}, ${bytes(size)})`
  if (replaced === undefined) return [headline]
  return [
    headline,
    '',
    `  replaced   kept as ${nameOf(replaced)}; jobs that have it mounted go on with it`,
    `  to undo    ${rollbackTo(image.typed, basename(replaced).split('.').at(-1))}`,
  ]
}

function list({ image, present, kept }: RollbackReport): readonly string[] {
  const rows = [
    ['image', 'packed', 'size'],
    present === undefined ? [nameOf(image.realPath), 'no whole image', ''] : row(present),
    ...kept.map(row),
  ]
  const widths = [0, 1].map((column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)) + 3)
  const lines = rows.map((cells) =>
    cells
      .map((cell, n) => cell.padEnd(widths[n] ?? 0))
      .join('')
      .trimEnd(),
  )
  return [
    ...lines,
    '',
    ...ways(
      image.typed,
      kept.map(({ number }) => number),
    ),
  ]
}

function row(image: ImageFile): readonly string[] {
  return [nameOf(image.path), minute(image.written), bytes(image.bytes)]
}

/** How to go back to the newest, and to another one. */
function ways(typed: string, [newest, other]: readonly number[]): readonly string[] {
  if (newest === undefined) return ['No previous image is kept. To keep some, renew it with --keep 2.']
  const toNewest = `To go back to ${newest}:  ${rollbackTo(typed)}`
  return other === undefined
    ? [toNewest]
    : [toNewest, `To go back to ${other}:  ${rollbackTo(typed, `${other}`)}`]
}

function rollbackTo(typed: string, number?: string): string {
  return `venv-packer rollback ${shellWord(typed)}${number === undefined ? '' : ` --to ${number}`}`
}

function nameOf(path: string): string {
  return printable(basename(path))
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

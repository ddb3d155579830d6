/** What was extracted, and what could not be. */
import type { ReportStyle } from '../command-line/report-style.js'
import type { ExtractReport } from '../commands/extract.js'
import { packageVersion } from '../version.js'
import { bytes, counted, duration } from './figures.js'
import { line, rounded } from './json-line.js'
import { printable } from './printable.js'

export function reportExtract(report: ExtractReport, style: ReportStyle): string {
  if (style.json) return extractJson(report)
  return style.quiet ? '' : text(report)
}

const skippedShown = 10

function text({ request, result, seconds }: ExtractReport): string {
  const { files, directories, symlinks, others, hardLinks, skipped, droppedXattrs } = result
  const kinds = [
    counted(files, 'file'),
    counted(directories, 'directory', 'directories'),
    counted(symlinks, 'symlink'),
    ...(others > 0 ? [counted(others, 'special file')] : []),
    ...(hardLinks > 0 ? [counted(hardLinks, 'hard link')] : []),
  ]
  const xattrs = Object.entries(droppedXattrs)
  return [
    `${printable(request.image)} extracted into ${printable(request.output)} in ${duration(seconds)}`,
    '',
    `  ${kinds.join(', ')}; ${bytes(result.bytes)}`,
    ...(skipped.length === 0 ? [] : ['', `  left out: ${counted(skipped.length, 'path')}`]),
    ...skipped.slice(0, skippedShown).map(({ path, message }) => `    ${printable(path)}: ${message}`),
    ...(skipped.length > skippedShown ? [`    ... and ${skipped.length - skippedShown} more`] : []),
    ...(xattrs.length === 0 ? [] : ['', '  extended attributes that cannot be set here']),
    ...xattrs.map(([name, count]) => `    ${printable(name)}: of ${counted(count, 'path')}`),
    '',
  ].join('\n')
}

function extractJson({ image, output, result, seconds }: ExtractReport): string {
  return line({
    ok: true,
    command: 'extract',
    version: packageVersion(),
    image: { path: image },
    output,
    ...result,
    seconds: rounded(seconds),
  })
}

/** The report on an environment in the style that was asked for: JSON, words, or nothing. */
import { toDisplay } from 'squashfs-writer/paths'
import type { ReportStyle } from '../command-line/report-style.js'
import type { CheckReport } from '../commands/check.js'
import { machineName } from '../venv/formats/elf.js'
import { packageShares } from '../venv/package-shares.js'
import { type Colours, coloursFor } from './colours.js'
import { bytes, counted } from './figures.js'
import { findingCounts, findingLines } from './finding-lines.js'
import { checkJson } from './json-report.js'
import { packageTable } from './package-table.js'
import { printable } from './printable.js'

export function reportCheck(report: CheckReport, style: ReportStyle): string {
  if (style.json) return checkJson(report)
  return style.quiet ? '' : checkText(report, coloursFor(process.stdout), widthOf(process.stdout))
}

/** For people: what was looked at, what was found, what the packages take, and the verdict. */
function checkText(report: CheckReport, colours: Colours, width: number): string {
  const { inventory, packages, findings } = report.examination
  const table = packageTable(packageShares(packages), inventory.census.bytes)
  const [heading, ...rows] = table.map((line) => `  ${line}`)
  return [
    `${colours.heading(printable(report.environment.typed))}: ${sizeText(report)}`,
    ...facts(report),
    ...findingLines(findings, colours, width),
    ...(heading === undefined ? [] : ['', colours.aside(heading), ...rows]),
    '',
    verdict(report, colours),
    '',
  ].join('\n')
}

function sizeText({ examination, imageSize }: CheckReport): string {
  const { inodes, files, folders, symlinks, others, bytes: size } = examination.inventory.census
  const kinds = [
    counted(files, 'file'),
    counted(folders, 'folder'),
    counted(symlinks, 'symlink'),
    ...(others > 0 ? [counted(others, 'special file')] : []),
  ]
  const outcome =
    imageSize === null ? 'its image will be 1 inode' : `as an image 1 inode, ${bytes(imageSize)}`
  return `${counted(inodes, 'inode')}, ${bytes(size)} (${kinds.join(', ')}); ${outcome}`
}

function facts(report: CheckReport): readonly string[] {
  if (report.environment.config === undefined) return []
  return ['', row('python', pythonText(report)), row('mount', mountText(report))]
}

function pythonText({ environment, examination }: CheckReport): string {
  const { interpreter } = examination.inventory
  const machine = interpreter?.machine == null ? undefined : machineName(interpreter.machine)
  const version = environment.config?.version ?? 'of unknown version'
  const end = interpreter?.links.at(-1)
  return printable(
    `${version}${machine === undefined ? '' : ` for ${machine}`}${end === undefined ? '' : `, ${toDisplay(end)}`}`,
  )
}

function mountText({ request, examination }: CheckReport): string {
  const { relocatable, madeFor } = examination.relocation
  if (!relocatable) return printable(`at ${toDisplay(madeFor)} only: the environment is not relocatable`)
  const place = request.mountPoint === undefined ? 'anywhere' : `at ${request.mountPoint}, or anywhere else`
  return printable(`${place}: the environment is relocatable`)
}

function verdict({ examination, imageSize }: CheckReport, colours: Colours): string {
  const { findings } = examination
  const counts = findingCounts(findings)
  const worst = findings[0]?.severity ?? 'note'
  if (worst !== 'note') return colours[worst](counts)
  return `${counts === '' ? 'nothing found' : counts}: fit to be ${imageSize === null ? 'packed' : 'used'}`
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(8)}${text}`
}

const widest = 100

/** Lines are broken for terminals only: what reads them from a pipe takes them whole. */
function widthOf({ isTTY, columns }: NodeJS.WriteStream): number {
  return isTTY ? Math.min(columns, widest) : Number.POSITIVE_INFINITY
}

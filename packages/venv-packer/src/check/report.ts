/** Formats findings and packages for reports, as text and as JSON. */

import type { Colours } from '../terminal/colours.js'
import { bytes, count, counted, percent } from '../terminal/figures.js'
import { printable, wrapped } from '../terminal/printable.js'
import { rounded } from '../terminal/printing.js'
import { type Finding, ofSeverity, type Place, SEVERITIES, type Severity, type SpaceUsed } from './finding.js'
import type { Census } from './inventory.js'
import type { PackageShare } from './packages.js'

const MAX_PLACES_SHOWN = 3
/** Before the remedy. */
const ARROW = '-> '
const margin = ' '.repeat('warning  '.length)

/**
 * The lines of all findings, with a blank line before each finding.
 * @param width of the lines; infinite if there is no terminal.
 */
export function findingLines(
  findings: readonly Finding[],
  colours: Colours,
  width: number,
): readonly string[] {
  return findings.flatMap((finding) => ['', ...linesOf(finding, colours, width)])
}

/** `1 error, 2 warnings, 3 notes`, without severities that do not occur. */
export function findingCounts(findings: readonly Finding[]): string {
  const counts = SEVERITIES.map((severity) => [severity, ofSeverity(findings, severity).length] as const)
  return counts
    .filter(([, number]) => number > 0)
    .map(([severity, number]) => counted(number, severity))
    .join(', ')
}

function linesOf(finding: Finding, colours: Colours, width: number): readonly string[] {
  const { code, severity, message, effect, remedy, places, spaceUsed } = finding
  const paragraph = (text: string) => wrapped(printable(text), width - margin.length)
  const title = paragraph(`${message} [${code}]`).map((line) => titleLine(line, code, colours))
  const body = [
    ...placeLines(places).map((line) => `  ${line}`),
    ...(spaceUsed === null ? [] : [spaceText(spaceUsed)]),
    ...paragraph(effect),
    ...wrapped(printable(remedy), width - margin.length - ARROW.length).map(
      (line, n) => (n === 0 ? ARROW : ' '.repeat(ARROW.length)) + line,
    ),
  ]
  const [first = '', ...rest] = [...title, ...body]
  return [label(severity, colours) + first, ...rest.map((line) => margin + line)]
}

function titleLine(line: string, code: string, colours: Colours): string {
  const mark = `[${code}]`
  return line.endsWith(mark)
    ? colours.heading(line.slice(0, -mark.length)) + colours.aside(mark)
    : colours.heading(line)
}

function label(severity: Severity, colours: Colours): string {
  return colours[severity](severity) + margin.slice(severity.length)
}

/** One line for each place if they have details, otherwise one line for all. */
function placeLines(places: readonly Place[]): readonly string[] {
  const shown = places.slice(0, MAX_PLACES_SHOWN)
  const rest = places.length - shown.length
  const more = rest > 0 ? [`and ${count(rest)} more; --json lists them all`] : []
  if (shown.some(({ detail }) => detail !== null)) return [...shown.map(placeText), ...more]
  return [[shown.map(placeText).join(', '), ...more].join(' ')]
}

function placeText({ path, detail }: Place): string {
  return printable(detail === null ? path : `${path}: ${detail}`)
}

function spaceText({ inodes, bytes: size, share }: SpaceUsed): string {
  return `${counted(inodes, 'inode')}, ${bytes(size)}, ${percent(share, 1)} of the environment`
}

export function findingJson({ code, severity, message, effect, remedy, places, spaceUsed }: Finding): object {
  const size = spaceUsed && {
    inodes: spaceUsed.inodes,
    bytes: spaceUsed.bytes,
    share: rounded(spaceUsed.share),
  }
  return { code, severity, message, effect, remedy, count: places.length, places, size }
}

export function packageJson({ name, version, files, bytes, bytesInImage }: PackageShare): object {
  return { name, version, files, bytes, bytesInImage }
}

export function censusJson({ inodes, files, directories, symlinks, others, bytes }: Census): object {
  return { inodes, files, directories, symlinks, others, bytes }
}

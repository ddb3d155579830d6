/** What an image is: for people, with its packages as `pip list` has them, or as JSON. */
import type { ReportStyle } from '../command-line/report-style.js'
import type { InfoReport } from '../commands/info.js'
import type { PackageShare } from '../venv/package-shares.js'
import { packageVersion } from '../version.js'
import { coloursFor } from './colours.js'
import { bytes, count, counted, minute } from './figures.js'
import { line } from './json-line.js'
import { packageJson } from './json-report.js'
import { printable } from './printable.js'

export function reportInfo(report: InfoReport, style: ReportStyle): string {
  return style.json ? infoJson(report) : text(report)
}

function text(report: InfoReport): string {
  const { request, size, census, packages } = report
  const colours = coloursFor(process.stdout)
  const kinds = [
    counted(census.files, 'file'),
    counted(census.folders, 'directory', 'directories'),
    counted(census.symlinks, 'symlink'),
    ...(census.others > 0 ? [counted(census.others, 'special file')] : []),
  ]
  const [heading, ...rows] = packageTable(packages)
  return [
    `${colours.heading(printable(request.image))}: ${bytes(size)}, ${counted(census.inodes, 'inode')} of ${bytes(census.bytes)} (${kinds.join(', ')})`,
    '',
    ...facts(report).map(([name, value]) => `  ${name.padEnd(11)}${printable(value)}`),
    ...(heading === undefined ? [] : ['', colours.aside(heading), ...rows]),
    '',
  ].join('\n')
}

function facts({
  environment,
  compression,
  blockSize,
  duplicates,
  written,
}: InfoReport): readonly (readonly [string, string])[] {
  const level = compression.level === null ? '' : `, level ${compression.level}`
  return [
    ...environmentFacts(environment),
    ['packed', minute(written)],
    ['compressed', `${compression.name}${level}, in blocks of ${blockSize / 1024} KiB`],
    [
      'duplicates',
      `${counted(duplicates.files, 'file')} with the content of another one, ${bytes(duplicates.bytes)}`,
    ],
  ]
}

function environmentFacts({
  config,
  madeFor,
}: InfoReport['environment']): readonly (readonly [string, string])[] {
  if (config === undefined) return [['holds', 'no virtual environment (there is no pyvenv.cfg)']]
  const place =
    madeFor === undefined
      ? config.relocatable
        ? 'anywhere: the environment is relocatable'
        : 'where it was made; it does not say where that was'
      : `at ${madeFor} only: the environment is not relocatable`
  return [
    ['python', config.version ?? 'of unknown version'],
    ['mount', place],
  ]
}

function packageTable(shares: readonly PackageShare[]): readonly string[] {
  if (shares.length === 0) return []
  const byName = shares
    .filter(({ name }) => name !== null)
    .toSorted((a, b) => ((a.name ?? '').toLowerCase() < (b.name ?? '').toLowerCase() ? -1 : 1))
  const rest = shares.filter(({ name }) => name === null)
  const rows = [
    ['package', 'version', 'files', 'bytes', 'in the image'],
    ...[...byName, ...rest].map((share) => [
      printable(share.name ?? '(no package)'),
      printable(share.version ?? ''),
      count(share.files),
      bytes(share.bytes),
      bytes(share.bytesInImage ?? 0),
    ]),
  ]
  const widths = [0, 1, 2, 3, 4].map((n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)))
  return rows.map((row) => {
    const cells = row.map((cell, n) => (n < 2 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0)))
    return `  ${cells.join('  ')}`
  })
}

function infoJson(report: InfoReport): string {
  const { image, size, environment, compression, blockSize, census, duplicates, packages } = report
  const { config, madeFor } = environment
  return line({
    ok: true,
    command: 'info',
    version: packageVersion(),
    image: {
      path: image,
      bytes: size,
      written: report.written.toISOString(),
      createdAt: report.createdAt.toISOString(),
      compression: compression.name,
      level: compression.level,
      blockSize,
    },
    venv: config !== undefined,
    python: config?.version ?? null,
    relocatable: config?.relocatable ?? null,
    mount: { point: madeFor ?? null, anywhere: config?.relocatable ?? true },
    inodes: census.inodes,
    files: census.files,
    directories: census.folders,
    symlinks: census.symlinks,
    others: census.others,
    bytes: census.bytes,
    duplicates,
    packages: packages.map(packageJson),
  })
}

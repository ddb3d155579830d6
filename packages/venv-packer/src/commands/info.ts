/** `venv-packer info`: prints the properties of an image, its environment, and its packages like `pip list`. */

import { stat } from 'node:fs/promises'
import { Compressor, decodeLevel } from 'squashfs-writer/format'
import { toByteString } from 'squashfs-writer/paths'
import type { OpenImage } from 'squashfs-writer/read'
import { type Census, takeCensus } from '../check/inventory.js'
import { type PackageShare, packagesOf, sharesInImage } from '../check/packages.js'
import { packedInventory } from '../check/packed-inventory.js'
import { censusJson, packageJson } from '../check/report.js'
import type { Invocation } from '../cli/commands.js'
import type { EnvironmentProperties } from '../environment/environment.js'
import { packedEnvironment } from '../environment/packed-environment.js'
import { EXIT_CODES, type ExitCode } from '../failure.js'
import { withImage } from '../image/opened-image.js'
import { storedShares } from '../image/stored-shares.js'
import { packageVersion } from '../package.js'
import { coloursFor } from '../terminal/colours.js'
import { bytes, count, counted, minute } from '../terminal/figures.js'
import { printable } from '../terminal/printable.js'
import { line, print } from '../terminal/printing.js'

export interface InfoRequest {
  /** The path as the user typed it. */
  readonly image: string
}

export interface InfoReport {
  readonly request: InfoRequest
  /** Absolute. */
  readonly image: string
  /** Bytes of the file. */
  readonly size: number
  /** The mtime of the file. */
  readonly written: Date
  /** The time in the superblock: `SOURCE_DATE_EPOCH`, or the mtime of the newest file in the image. */
  readonly createdAt: Date
  readonly compression: {
    /** `zstd`, `gzip`, ...; `none` if nothing is compressed. */
    readonly name: string
    /** Null if the image does not record it. */
    readonly level: number | null
  }
  /** Bytes. */
  readonly blockSize: number
  readonly environment: EnvironmentProperties
  readonly census: Census
  /** Files whose content is stored only once, with another file. */
  readonly duplicates: { readonly files: number; readonly bytes: number }
  /** Empty if the image contains no environment. */
  readonly packages: readonly PackageShare[]
}

export async function runInfo({ values }: Invocation<'info'>): Promise<ExitCode> {
  const report = await info(values)
  await print(values.json ? infoJson(report) : infoText(report))
  return EXIT_CODES.done
}

export async function info(request: InfoRequest): Promise<InfoReport> {
  return await withImage(request.image, async ({ path, image }) => {
    const environment = await packedEnvironment(image)
    const stored = storedShares(image)
    const place = toByteString(environment.madeFor ?? path)
    const inventory = await packedInventory(image, place, environment.config, stored.add)
    const shares = sharesInImage(packagesOf(inventory))
    stored.forEach(shares.add)
    const { createdAt, blockSize } = image.superblock
    return {
      request,
      image: path,
      size: image.size,
      written: (await stat(path)).mtime,
      createdAt: new Date(1000 * createdAt),
      compression: await compressionOf(image),
      blockSize,
      environment,
      census: takeCensus(inventory.entries),
      duplicates: stored.duplicates(),
      packages: environment.config === undefined ? [] : shares.shares(),
    }
  })
}

/** If inodes and data are not compressed, the compressor in the superblock was not used. */
const STORED_PARTS = 0x0001 | 0x0002

async function compressionOf(image: OpenImage): Promise<InfoReport['compression']> {
  const { compressor, flags } = image.superblock
  if ((flags & STORED_PARTS) === STORED_PARTS) return { name: 'none', level: null }
  const name =
    Object.entries(Compressor)
      .find(([, id]) => id === compressor)?.[0]
      .toLowerCase() ?? `${compressor}`
  const options = await image.compressorOptions()
  return { name, level: options === null ? (IMPLIED_LEVELS[name] ?? null) : decodeLevel(options) }
}

/** The levels that the format implies if an image does not record one. */
const IMPLIED_LEVELS: Readonly<Record<string, number>> = { zstd: 15, gzip: 9 }

function infoText(report: InfoReport): string {
  const { request, size, census, packages } = report
  const colours = coloursFor(process.stdout)
  const kinds = [
    counted(census.files, 'file'),
    counted(census.directories, 'directory', 'directories'),
    counted(census.symlinks, 'symlink'),
    ...(census.others > 0 ? [counted(census.others, 'special file')] : []),
  ]
  const [heading, ...rows] = packageTable(packages)
  return [
    `${colours.heading(printable(request.image))}: ${bytes(size)}, ${counted(census.inodes, 'inode')} of ${bytes(census.bytes)} (${kinds.join(', ')})`,
    '',
    ...properties(report).map(([name, value]) => `  ${name.padEnd(11)}${printable(value)}`),
    ...(heading === undefined ? [] : ['', colours.aside(heading), ...rows]),
    '',
  ].join('\n')
}

function properties({
  environment,
  compression,
  blockSize,
  duplicates,
  written,
}: InfoReport): readonly (readonly [string, string])[] {
  const level = compression.level === null ? '' : `, level ${compression.level}`
  return [
    ...environmentProperties(environment),
    ['packed', minute(written)],
    ['compressed', `${compression.name}${level}, in blocks of ${blockSize / 1024} KiB`],
    [
      'duplicates',
      `${counted(duplicates.files, 'file')} with the content of another one, ${bytes(duplicates.bytes)}`,
    ],
  ]
}

function environmentProperties({
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
    ...censusJson(census),
    duplicates,
    packages: packages.map(packageJson),
  })
}

/** `venv-packer check`: assesses a virtual environment, or an image of one, and prints findings. It changes nothing. */

import { resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { toDisplay } from 'squashfs-writer/paths'
import { type Assessment, assess } from '../check/assessment.js'
import { ofSeverity } from '../check/finding.js'
import { assessImage } from '../check/image-assessment.js'
import { type PackageShare, packageShares } from '../check/packages.js'
import { censusJson, findingCounts, findingJson, findingLines, packageJson } from '../check/report.js'
import type { Invocation } from '../cli/commands.js'
import { type Environment, openEnvironment } from '../environment/environment.js'
import { packedEnvironment } from '../environment/packed-environment.js'
import { EXIT_CODES, type ExitCode } from '../failure.js'
import { isFile, noVenvInImage, type OpenedImage, withImage } from '../image/opened-image.js'
import { packageVersion } from '../package.js'
import { type Colours, coloursFor } from '../terminal/colours.js'
import { bytes, count, counted, percent } from '../terminal/figures.js'
import { printable } from '../terminal/printable.js'
import { line, print, rounded } from '../terminal/printing.js'

/** The request of the command line. */
export interface CheckRequest {
  /** The path of the environment or image, as the user typed it. */
  readonly source: string
  /** Accept a directory that is not a virtual environment. */
  readonly anyDirectory: boolean
  readonly exclude: readonly string[]
  /** The mount point of the image, absolute; undefined if the user did not say. */
  readonly mountPoint: string | undefined
  /** Whether warnings count as errors. */
  readonly strict: boolean
}

export interface CheckReport {
  readonly request: CheckRequest
  /** Bytes of the image that was assessed; null for a directory. */
  readonly imageSize: number | null
  readonly environment: Environment
  readonly assessment: Assessment
  /** Whether there are no errors, and with `strict` no warnings. */
  readonly passed: boolean
  readonly seconds: number
}

export async function runCheck({ values }: Invocation<'check'>): Promise<ExitCode> {
  const report = await check({ ...values, source: values.venvOrImage })
  if (values.json) await print(checkJson(report))
  else if (!values.quiet) await print(checkText(report, coloursFor(process.stdout), widthOf(process.stdout)))
  return report.passed ? EXIT_CODES.done : EXIT_CODES.failed
}

export async function check(request: CheckRequest): Promise<CheckReport> {
  const started = performance.now()
  const found = (await isFile(resolve(request.source)))
    ? await withImage(request.source, (opened) => assessOpenedImage(request, opened))
    : await assessDirectory(request)
  const { findings } = found.assessment
  const against = request.strict ? (['error', 'warning'] as const) : (['error'] as const)
  const passed = against.every((severity) => ofSeverity(findings, severity).length === 0)
  return { request, ...found, passed, seconds: (performance.now() - started) / 1000 }
}

type Assessed = Pick<CheckReport, 'environment' | 'imageSize' | 'assessment'>

async function assessDirectory(request: CheckRequest): Promise<Assessed> {
  const environment = await openEnvironment(request.source, request.anyDirectory)
  return { environment, imageSize: null, assessment: await assessEnvironment(request, environment) }
}

/** An image does not record the path it was packed from. Its path is assumed to be where it works, or the given mount point. */
async function assessOpenedImage(
  { exclude, mountPoint, anyDirectory }: CheckRequest,
  { typed, path: file, image }: OpenedImage,
): Promise<Assessed> {
  const { config, conda, madeFor } = await packedEnvironment(image)
  if (config === undefined && !anyDirectory) throw noVenvInImage(typed, file)
  const path = madeFor ?? mountPoint ?? file
  const environment = { typed, path, realPath: path, config, conda, madeFor }
  const plan = { exclude, mountPoint, owner: 'keep', compiles: false, latestTime: null } as const
  return { environment, imageSize: image.size, assessment: await assessImage(image, environment, plan) }
}

async function assessEnvironment(
  { exclude, mountPoint }: CheckRequest,
  environment: Environment,
): Promise<Assessment> {
  const { openDirectory, sourceDateEpoch } = await import('squashfs-writer')
  const { examineDirectory, examinerModule } = await import('../check/examined-files.js')
  try {
    const latestTime = sourceDateEpoch(process.env)
    const plan = { exclude, mountPoint, owner: 'keep', compiles: false, latestTime } as const
    const options = { exclude, examiner: examinerModule(), readXattrs: false }
    const directory = await openDirectory(environment.realPath, options)
    try {
      const { entries, contents } = await examineDirectory(directory)
      return assess(environment, plan, entries, contents)
    } finally {
      await directory.close()
    }
  } catch (error) {
    const { explainLibraryError } = await import('../image/library-errors.js')
    throw explainLibraryError(error, environment, null)
  }
}

/** The report as text: the environment, the findings, the sizes of the packages, and the verdict. */
function checkText(report: CheckReport, colours: Colours, width: number): string {
  const { inventory, packages, findings } = report.assessment
  const table = packageTable(packageShares(packages), inventory.census.bytes)
  const [heading, ...rows] = table.map((line) => `  ${line}`)
  return [
    `${colours.heading(printable(report.environment.typed))}: ${sizeText(report)}`,
    ...properties(report),
    ...findingLines(findings, colours, width),
    ...(heading === undefined ? [] : ['', colours.aside(heading), ...rows]),
    '',
    verdict(report, colours),
    '',
  ].join('\n')
}

function sizeText({ assessment, imageSize }: CheckReport): string {
  const { inodes, files, directories, symlinks, others, bytes: size } = assessment.inventory.census
  const kinds = [
    counted(files, 'file'),
    counted(directories, 'directory', 'directories'),
    counted(symlinks, 'symlink'),
    ...(others > 0 ? [counted(others, 'special file')] : []),
  ]
  const outcome =
    imageSize === null ? 'its image will be 1 inode' : `as an image 1 inode, ${bytes(imageSize)}`
  return `${counted(inodes, 'inode')}, ${bytes(size)} (${kinds.join(', ')}); ${outcome}`
}

function properties(report: CheckReport): readonly string[] {
  if (report.environment.config === undefined) return []
  return ['', row('python', pythonText(report)), row('mount', mountText(report))]
}

function pythonText({ environment, assessment }: CheckReport): string {
  const { interpreter, machine } = assessment.inventory
  const version = environment.config?.version ?? 'of unknown version'
  const end = interpreter?.links.at(-1)
  return printable(
    `${version}${machine === undefined ? '' : ` for ${machine}`}${end === undefined ? '' : `, ${toDisplay(end)}`}`,
  )
}

function mountText({ request, assessment }: CheckReport): string {
  const { relocatable, madeFor } = assessment.relocation
  if (!relocatable) return printable(`at ${toDisplay(madeFor)} only: the environment is not relocatable`)
  const place = request.mountPoint === undefined ? 'anywhere' : `at ${request.mountPoint}, or anywhere else`
  return printable(`${place}: the environment is relocatable`)
}

function verdict({ assessment, imageSize }: CheckReport, colours: Colours): string {
  const { findings } = assessment
  const counts = findingCounts(findings)
  const worst = findings[0]?.severity ?? 'note'
  if (worst !== 'note') return colours[worst](counts)
  return `${counts === '' ? 'nothing found' : counts}: fit to be ${imageSize === null ? 'packed' : 'used'}`
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(8)}${text}`
}

const MAX_WIDTH = 100

/** Lines are wrapped for terminals only. A program that reads a pipe gets whole lines. */
function widthOf({ isTTY, columns }: NodeJS.WriteStream): number {
  return isTTY ? Math.min(columns, MAX_WIDTH) : Number.POSITIVE_INFINITY
}

const MAX_PACKAGES_SHOWN = 10

/** Lines of a table with a heading; empty if there are no packages. */
export function packageTable(shares: readonly PackageShare[], bytesOfAll: number): readonly string[] {
  const packages = shares.filter(({ name, files }) => name !== null && files > 0)
  if (packages.length === 0) return []
  const shown = packages.slice(0, MAX_PACKAGES_SHOWN).map((share) => ({ ...share, label: labelOf(share) }))
  const hidden = packages.slice(MAX_PACKAGES_SHOWN)
  const others = shares.filter(({ name }) => name === null)
  const rows = [
    ...shown,
    ...(hidden.length === 0 ? [] : [{ ...totalsOf(hidden), label: counted(hidden.length, 'other package') }]),
    ...others.map((share) => ({ ...share, label: 'in no package' })),
  ]
  return aligned([
    ['packages', 'files', 'bytes', 'share'],
    ...rows.map((row) => [row.label, count(row.files), bytes(row.bytes), percent(row.bytes, bytesOfAll)]),
  ])
}

function labelOf({ name, version }: PackageShare): string {
  return printable(`${name} ${version}`.trim())
}

function totalsOf(shares: readonly PackageShare[]): { readonly files: number; readonly bytes: number } {
  return {
    files: shares.reduce((sum, { files }) => sum + files, 0),
    bytes: shares.reduce((sum, share) => sum + share.bytes, 0),
  }
}

/** Aligns the first column to the left, and the others to the right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = rows[0]?.length ?? 0
  const widths = Array.from({ length: columns }, (_, n) =>
    Math.max(...rows.map((row) => row[n]?.length ?? 0)),
  )
  return rows.map((row) =>
    row.map((text, n) => (n === 0 ? text.padEnd(widths[n] ?? 0) : text.padStart(widths[n] ?? 0))).join('  '),
  )
}

function checkJson(report: CheckReport): string {
  const { request, environment, imageSize, assessment, passed, seconds } = report
  const { inventory, relocation, packages, findings } = assessment
  const { config } = environment
  const { interpreter, census } = inventory
  return line({
    ok: true,
    command: 'check',
    version: packageVersion(),
    passed,
    source: {
      path: resolve(environment.typed),
      image: imageSize === null ? null : { bytes: imageSize },
      venv: config !== undefined,
      relocatable: config?.relocatable ?? null,
      python: config?.version ?? null,
    },
    interpreter: interpreter
      ? {
          path: toDisplay(interpreter.path),
          links: interpreter.links.map(toDisplay),
          exists: interpreter.exists,
        }
      : null,
    mount: {
      point: request.mountPoint ?? (relocation.relocatable ? null : toDisplay(relocation.madeFor)),
      anywhere: relocation.relocatable,
    },
    ...censusJson(census),
    findings: findings.map(findingJson),
    packages: packageShares(packages).map(packageJson),
    seconds: rounded(seconds),
  })
}

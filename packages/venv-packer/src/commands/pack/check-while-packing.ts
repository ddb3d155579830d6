/** Checks an environment while it is packed, and stops the packing if the environment is unfit. */
import { type FoundFile, type ImageOptions, type OpenDirectory, sourceDateEpoch } from 'squashfs-writer'
import { assess } from '../../check/assessment.js'
import { type EntriesOnDisk, entriesOnDisk } from '../../check/entries-on-disk.js'
import type { Content, Entry, ExaminedContents } from '../../check/entry.js'
import { examinerModule, examinerVersion, shouldExamine } from '../../check/examined-files.js'
import { type Finding, ofSeverity } from '../../check/finding.js'
import { type SharesInImage, sharesInImage } from '../../check/packages.js'
import type { Relocation } from '../../check/relocation.js'
import type { Environment } from '../../environment/environment.js'
import { Failure } from '../../failure.js'
import type { PackRequest } from './request.js'

/** The result of the check, and all of the environment that is kept in memory while it is packed. */
export interface Checked {
  readonly relocation: Relocation
  readonly findings: readonly Finding[]
  readonly shares: SharesInImage
}

type CheckOptions = Pick<ImageOptions, 'examination' | 'beforeTables' | 'onStored'>

export interface CheckWhilePacking {
  readonly options: CheckOptions
  /** Undefined until all contents are written. */
  readonly result: () => Checked | undefined
}

/**
 * Makes the options that let the library examine files while they are packed. The rules are applied when all files have been read. If
 * they refuse the environment, no image is completed.
 */
export function checkWhilePacking(
  request: PackRequest,
  environment: Environment,
  directory: OpenDirectory,
): CheckWhilePacking {
  let found: EntriesOnDisk = { entries: [], files: [] }
  let checked: Checked | undefined
  async function* filesToExamine(): AsyncGenerator<FoundFile> {
    found = await entriesOnDisk(directory, shouldExamine)
    // Frees memory (80 MB for half a million files). `--compile` needs the directory longer, for the modules and the census.
    if (!request.compile) await directory.close()
    yield* new Set(found.files.map(({ file }) => file))
  }
  const options: CheckOptions = {
    examination: { examiner: examinerModule(), version: examinerVersion(), files: filesToExamine() },
    beforeTables(examined) {
      const contents: ExaminedContents = new Map()
      for (const { path, file } of found.files)
        if (examined.has(file)) contents.set(path, examined.get(file) as Content | null)
      checked = checkEnvironment(request, environment, found.entries, contents)
      found = { entries: [], files: [] }
    },
    onStored: ({ path, storedBytes }) => checked?.shares.add(path, storedBytes),
  }
  return { options, result: () => checked }
}

/** @throws Failure if the environment is refused. */
function checkEnvironment(
  request: PackRequest,
  environment: Environment,
  entries: readonly Entry[],
  contents: ExaminedContents,
): Checked {
  const plan = {
    exclude: request.exclude,
    mountPoint: request.mountPoint,
    owner: request.owner,
    compiles: request.compile?.includes(0) ?? false,
    latestTime: sourceDateEpoch(process.env),
  }
  const { relocation, findings, packages } = assess(environment, plan, entries, contents)
  refuseUnfit(findings, request.strict, environment)
  return { relocation, findings, shares: sharesInImage(packages) }
}

/**
 * Codes of findings that contradict the request. Other errors do not stop the packing, since the environment may work on another
 * machine than this one.
 */
const CONTRADICTIONS: ReadonlySet<string> = new Set(['MOUNT_POINT'])

interface Source {
  readonly typed: string
  readonly path: string
}

/**
 * Refuses an environment: with `strict` for every error or warning, otherwise only for a contradiction.
 * @throws Failure that names the findings.
 */
export function refuseUnfit(findings: readonly Finding[], strict: boolean, source: Source): void {
  const contradiction = findings.find(({ code }) => CONTRADICTIONS.has(code))
  if (contradiction) throw contradictionFailure(contradiction, source)
  const unfit = strict ? [...ofSeverity(findings, 'error'), ...ofSeverity(findings, 'warning')] : []
  if (unfit.length > 0) throw checkFailure(unfit, source)
}

function contradictionFailure({ code, message, effect, remedy }: Finding, source: Source): Failure {
  const consequence = `${effect.slice(0, 1).toLowerCase()}${effect.slice(1).replace(/\.$/, '')}`
  return new Failure(code, `${source.typed}: ${message}; ${consequence}`, remedy, { path: source.path })
}

function checkFailure(unfit: readonly Finding[], { typed, path }: Source): Failure {
  const [first] = unfit
  const message =
    unfit.length === 1 && first
      ? `${typed} does not pass the check: ${first.message} (${first.code}); no image was written`
      : `${typed} does not pass the check; no image was written`
  const remedy = `venv-packer check ${typed} shows what to do. Without --strict it is packed all the same.`
  const paths = unfit.map((finding) => ({
    path: finding.places[0]?.path ?? '.',
    code: finding.code,
    message: `${finding.message} (${finding.code})`,
  }))
  return new Failure('CHECK_FAILED', message, remedy, { path, paths })
}

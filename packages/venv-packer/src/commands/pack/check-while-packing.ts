/** Checks an environment while it is packed, and refuses to complete the image of one that is unfit. */
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

/** The results of the check; no more of the environment is kept in memory while it is packed. */
export interface Checked {
  readonly relocation: Relocation
  readonly findings: readonly Finding[]
  readonly shares: SharesInImage
}

type CheckOptions = Pick<ImageOptions, 'examination' | 'beforeTables' | 'onStored'>

export interface CheckWhilePacking {
  readonly options: CheckOptions
  /** Undefined before all contents are written. */
  readonly result: () => Checked | undefined
}

/**
 * The check examines files while they are packed, and judges when all were read. It can refuse the image: then none is
 * completed.
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
    // Nothing else is asked of it: of half a million files it holds 80 MB. Bytecode is made from its entries, and counted apart.
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

/** @throws Failure when the environment is not to be packed as it is. */
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
 * Findings that contradict the request. Other errors do not stop the packing: the machine that packs need not be
 * the one that runs, and an image that turns out to be of no use has done no harm.
 */
const CONTRADICTIONS: ReadonlySet<string> = new Set(['MOUNT_POINT'])

interface Source {
  readonly typed: string
  readonly path: string
}

/**
 * With `strict` every warning refuses the packing, otherwise only a contradiction.
 * @throws Failure that names the findings.
 */
export function refuseUnfit(findings: readonly Finding[], strict: boolean, source: Source): void {
  const contradiction = findings.find(({ code }) => CONTRADICTIONS.has(code))
  if (contradiction) throw contradicting(contradiction, source)
  const unfit = strict ? [...ofSeverity(findings, 'error'), ...ofSeverity(findings, 'warning')] : []
  if (unfit.length > 0) throw notPassed(unfit, source)
}

function contradicting({ code, message, effect, remedy }: Finding, source: Source): Failure {
  const whatHappens = `${effect.slice(0, 1).toLowerCase()}${effect.slice(1).replace(/\.$/, '')}`
  return new Failure(code, `${source.typed}: ${message}; ${whatHappens}`, remedy, { path: source.path })
}

function notPassed(unfit: readonly Finding[], { typed, path }: Source): Failure {
  const [first] = unfit
  const message =
    unfit.length === 1 && first
      ? `${typed} does not pass the check: ${first.message} (${first.code}); no image was written`
      : `${typed} does not pass the check; no image was written`
  const remedy = `venv-packer check ${typed} says what to do; without --strict it is packed as it is.`
  const paths = unfit.map((finding) => ({
    path: finding.places[0]?.path ?? '.',
    code: finding.code,
    message: `${finding.message} (${finding.code})`,
  }))
  return new Failure('CHECK_FAILED', message, remedy, { path, paths })
}

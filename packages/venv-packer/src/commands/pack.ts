/** `venv-packer pack`: a virtual environment in, one image and a report out. Speaks to no one: that is the caller's. */

import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Codec, DiskEntry, Entry, FoundEntry, PackOptions, PackResult, Progress } from 'squashfs-writer'
import type { Bytecode, CompileProgress, Compiler } from '../bytecode/compiler.js'
import type { Level } from '../bytecode/levels.js'
import type { Compression } from '../image/compression.js'
import { chooseDestination, type Destination, defaultImageName } from '../image/destination.js'
import type { Keeper, PreviousImages } from '../image/keeper.js'
import type { Owner } from '../image/owner.js'
import { limitYoungObjects } from '../processes/young-objects.js'
import { type Environment, openEnvironment, worksAnywhere } from '../venv/environment.js'
import type { Finding } from '../venv/finding.js'
import type { Content } from '../venv/inventory/entry.js'
import type { Peeked } from '../venv/inventory.js'
import type { PackageShare, SharesInImage } from '../venv/package-shares.js'
import type { Relocation } from '../venv/relocation.js'

/** What the command line asked for, read and checked; paths are still as they were typed. */
export interface PackRequest {
  readonly source: string
  /** Pack a folder that is not a virtual environment, too. */
  readonly anyDirectory: boolean
  /** Undefined: the default name in the current folder. */
  readonly output: string | undefined
  /** Replace an existing image. */
  readonly force: boolean
  /** With `force`: keep so many previous images under numbered names. Undefined: what is replaced is gone. */
  readonly keep?: number | undefined
  /** The image from which unchanged files are taken over. Undefined: the one that is replaced; null: none. */
  readonly base?: string | null | undefined
  readonly compression: Compression
  readonly blockSize: number
  /** Levels at which the modules are compiled; undefined: they are packed as they are. */
  readonly compile: readonly Level[] | undefined
  readonly exclude: readonly string[]
  readonly xattrs: 'keep' | 'none'
  readonly owner: Owner
  /** Undefined: one for each core. */
  readonly threads: number | undefined
  /** Where the image will be mounted, absolute. Undefined: where it works, or beside the image. */
  readonly mountPoint: string | undefined
  /** Look first for what would go wrong with the image. */
  readonly check: boolean
  /** Warnings of the check are failures. */
  readonly strict: boolean
}

export interface PackReport {
  readonly request: PackRequest
  readonly environment: Environment
  readonly destination: Destination
  /** Undefined without the check. */
  readonly relocation: Relocation | undefined
  readonly findings: readonly Finding[]
  readonly packages: readonly PackageShare[]
  readonly result: PackResult
  /** Undefined when none was asked for. */
  readonly bytecode: Bytecode | undefined
  /** Undefined when previous images are not kept. */
  readonly previous: PreviousImages | undefined
  /** What made the environment; absent for one that was there. */
  readonly createdWith?: 'uv' | 'venv'
  readonly seconds: number
}

export interface PackCompany {
  readonly signal: AbortSignal
  readonly onProgress: (progress: PackProgress) => void
}

/** How far the packing is; the modules are compiled after the folder was read. */
export type PackProgress = Progress | CompileProgress

export async function pack(request: PackRequest, company: PackCompany): Promise<PackReport> {
  const started = performance.now()
  limitYoungObjects()
  const environment = await openEnvironment(request.source, request.anyDirectory)
  const output = request.output ?? defaultImageName(environment.path)
  const destination = await chooseDestination(output, environment, request.force)
  const keeper = request.keep === undefined ? undefined : await keeping(request.keep)
  const known: { checked?: Checked; compiler?: Promise<Compiler> } = {}
  const hooks: Hooks = {
    ...(request.check &&
      (await checkWhilePacking(request, environment, (checked) => (known.checked = checked)))),
    ...(request.compile && { additions: compile(request.compile) }),
  }
  try {
    const result = await writeImage({ request, environment, destination, keeper, hooks }, company)
    const previous = await keeper?.tidy(destination.realPath)
    const { checked } = known
    return {
      request,
      environment,
      destination,
      relocation: checked?.relocation,
      findings: checked?.findings ?? [],
      packages: checked?.shares.shares() ?? [],
      result,
      previous,
      bytecode: (await known.compiler)?.result(),
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    await known.compiler?.then(
      (compiler) => compiler.stop(),
      () => {}, // one that did not start has nothing to stop, and its error was thrown
    )
  }

  function compile(levels: readonly Level[]) {
    return async function* (found: readonly FoundEntry[]): AsyncGenerator<Entry> {
      company.signal.throwIfAborted()
      const place = request.mountPoint ?? (await workingPlace(environment))
      known.compiler = compilerFor(levels, place, request, environment, company)
      yield* (await known.compiler).entries(found)
    }
  }
}

/** The only path at which an environment works; undefined if it works anywhere. */
async function workingPlace(environment: Environment): Promise<string | undefined> {
  if (worksAnywhere(environment)) return undefined
  const { path, realPath } = environment
  const { pathInActivateScript } = await import('../venv/formats/activate-script.js')
  const script = await readFile(join(realPath, 'bin', 'activate'), 'latin1').catch(() => '') // what cannot be read says nothing
  const madeFor = pathInActivateScript(script)
  return madeFor === null ? path : Buffer.from(madeFor, 'latin1').toString('utf8')
}

async function compilerFor(
  levels: readonly Level[],
  mountPoint: string | undefined,
  { threads }: PackRequest,
  environment: Environment,
  { onProgress }: PackCompany,
): Promise<Compiler> {
  const { startCompiler } = await import('../bytecode/compiler.js')
  const processes = threads ?? availableParallelism()
  return await startCompiler({ environment, mountPoint, levels, processes, onProgress })
}

async function keeping(most: number): Promise<Keeper> {
  const { keeperOf } = await import('../image/keeper.js')
  return keeperOf(most)
}

/** What is known of the environment before it is packed; no more is kept in memory while that is done. */
interface Checked {
  readonly relocation: Relocation
  readonly findings: readonly Finding[]
  readonly shares: SharesInImage
}

/**
 * The check takes what it wants of files while they are packed, and judges when all were read. What it refuses is not
 * packed: there is no image then.
 */
async function checkWhilePacking(
  request: PackRequest,
  environment: Environment,
  take: (checked: Checked) => void,
): Promise<Hooks> {
  const { peekModule, wantsPeek } = await import('../venv/inventory.js')
  const peeked: Peeked = new Map()
  let entries: readonly DiskEntry[] = []
  let shares: SharesInImage | undefined
  return {
    inspect: (look) => {
      entries = look.entries
    },
    examination: {
      examiner: peekModule(),
      wants: wantsPeek,
      found: ({ path }, answer) => peeked.set(path, answer as Content | null),
    },
    beforeTables: async () => {
      const checked = await judge(request, environment, entries, peeked)
      entries = []
      peeked.clear()
      shares = checked.shares
      take(checked)
    },
    onStored: ({ path, storedBytes }) => shares?.add(path, storedBytes),
  }
}

/** @throws Failure when the environment is not to be packed as it is. */
async function judge(
  request: PackRequest,
  environment: Environment,
  entries: readonly DiskEntry[],
  peeked: Peeked,
): Promise<Checked> {
  const { examine } = await import('../venv/examination.js')
  const { sharesInImage } = await import('../venv/package-shares.js')
  const { refuseUnfit } = await import('../errors/check-failure.js')
  const plan = {
    exclude: request.exclude,
    mountPoint: request.mountPoint,
    owner: request.owner,
    compiles: request.compile?.includes(0) ?? false,
  }
  const { relocation, findings, packages } = examine(environment, plan, entries, peeked)
  refuseUnfit(findings, request.strict, environment)
  return { relocation, findings, shares: sharesInImage(packages) }
}

/** What one packing has to do with. */
interface Packing {
  readonly request: PackRequest
  readonly environment: Environment
  readonly destination: Destination
  readonly keeper: Keeper | undefined
  readonly hooks: Hooks
}

/** What is done in the course of it: the check, and the bytecode. */
type Hooks = Pick<PackOptions, 'inspect' | 'examination' | 'beforeTables' | 'additions' | 'onStored'>

async function writeImage(packing: Packing, company: PackCompany): Promise<PackResult> {
  const { request, environment, destination, keeper, hooks } = packing
  const { baseFor, keepRecord } = await import('../image/pack-records.js')
  const base = await baseFor(request.base, destination)
  // Loaded only now: whatever can be refused without it is refused at once.
  const library = await import('squashfs-writer')
  try {
    const result = await library.packDirectory(environment.realPath, destination.realPath, {
      codec: codec(library, request.compression),
      blockSize: request.blockSize,
      exclude: request.exclude,
      xattrs: request.xattrs,
      owner: request.owner,
      replace: request.force,
      ...(keeper && { beforeReplace: keeper.keep }),
      signal: company.signal,
      onProgress: company.onProgress,
      ...(request.threads === undefined ? {} : { threads: request.threads }),
      ...(base && { base }),
      record: true,
      ...hooks,
    })
    if (result.record) await keepRecord(destination.realPath, result.record)
    return result
  } catch (error) {
    if (company.signal.aborted) throw company.signal.reason
    const { explainLibraryError } = await import('../errors/library-errors.js')
    throw explainLibraryError(error, environment, destination)
  }
}

function codec(library: typeof import('squashfs-writer'), { name, level, encoder }: Compression): Codec {
  const options = level === undefined ? {} : { level }
  switch (name) {
    case 'zstd':
      return library.zstd({ ...options, ...(encoder && { encoder }) })
    case 'gzip':
      return library.gzip(options)
    case 'none':
      return library.uncompressed()
  }
}

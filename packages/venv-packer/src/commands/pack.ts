/** `venv-packer pack`: a virtual environment in, one image and a report out. Speaks to no one: that is the caller's. */
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { Codec, PackResult, Progress } from 'squashfs-writer'
import type { Bytecode, CompileProgress, Compiler } from '../bytecode/compiler.js'
import type { Level } from '../bytecode/levels.js'
import type { Compression } from '../image/compression.js'
import { chooseDestination, type Destination, defaultImageName } from '../image/destination.js'
import type { Owner } from '../image/owner.js'
import { type Environment, openEnvironment } from '../venv/environment.js'

/** What the command line asked for, read and checked; paths are still as they were typed. */
export interface PackRequest {
  readonly source: string
  /** Pack a folder that is not a virtual environment, too. */
  readonly anyDirectory: boolean
  /** Undefined: the default name in the current folder. */
  readonly output: string | undefined
  /** Replace an existing image. */
  readonly force: boolean
  readonly compression: Compression
  readonly blockSize: number
  /** Levels at which the modules are compiled; undefined: they are packed as they are. */
  readonly compile: readonly Level[] | undefined
  /** Where the image will be mounted, if that is known. */
  readonly mountPoint: string | undefined
  readonly exclude: readonly string[]
  readonly xattrs: 'keep' | 'none'
  readonly owner: Owner
  /** Undefined: one for each core. */
  readonly threads: number | undefined
}

export interface PackReport {
  readonly request: PackRequest
  readonly environment: Environment
  readonly destination: Destination
  readonly result: PackResult
  /** Undefined when none was asked for. */
  readonly bytecode: Bytecode | undefined
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
  const environment = await openEnvironment(request.source, request.anyDirectory)
  const output = request.output ?? defaultImageName(environment.path)
  const destination = await chooseDestination(output, environment, request.force)
  const compiler = await compilerFor(request, environment, company)
  try {
    const result = await writeImage(request, environment, destination, company, compiler)
    const bytecode = compiler?.result()
    return {
      request,
      environment,
      destination,
      result,
      bytecode,
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    await compiler?.stop()
  }
}

async function compilerFor(
  { compile: levels, mountPoint, threads }: PackRequest,
  environment: Environment,
  { onProgress }: PackCompany,
): Promise<Compiler | undefined> {
  if (levels === undefined) return undefined
  const { startCompiler } = await import('../bytecode/compiler.js')
  const anywhere = environment.config?.relocatable ?? true
  return await startCompiler({
    environment,
    mountPoint: mountPoint ?? (anywhere ? undefined : environment.path),
    levels,
    processes: threads ?? availableParallelism(),
    onProgress,
  })
}

async function writeImage(
  request: PackRequest,
  environment: Environment,
  destination: Destination,
  company: PackCompany,
  compiler: Compiler | undefined,
): Promise<PackResult> {
  // Loaded only now: whatever can be refused without it is refused at once.
  const library = await import('squashfs-writer')
  try {
    return await library.packDirectory(environment.realPath, destination.realPath, {
      codec: codec(library, request.compression),
      blockSize: request.blockSize,
      exclude: request.exclude,
      xattrs: request.xattrs,
      owner: request.owner,
      replace: request.force,
      signal: company.signal,
      onProgress: company.onProgress,
      ...(request.threads === undefined ? {} : { threads: request.threads }),
      ...(compiler === undefined ? {} : { additions: compiler.entries }),
    })
  } catch (error) {
    if (company.signal.aborted) throw company.signal.reason
    const { explainLibraryError } = await import('../errors/library-errors.js')
    throw explainLibraryError(error, environment, destination)
  }
}

function codec(library: typeof import('squashfs-writer'), { name, level }: Compression): Codec {
  const options = level === undefined ? {} : { level }
  switch (name) {
    case 'zstd':
      return library.zstd(options)
    case 'gzip':
      return library.gzip(options)
    case 'none':
      return library.uncompressed()
  }
}

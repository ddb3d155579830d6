/** `venv-packer pack`: a virtual environment in, one image and a report out. Speaks to no one: that is the caller's. */
import { performance } from 'node:perf_hooks'
import type { Codec, PackResult, Progress } from 'squashfs-writer'
import type { Compression } from '../image/compression.js'
import { chooseDestination, type Destination, defaultImageName } from '../image/destination.js'
import type { Keeper, PreviousImages } from '../image/keeper.js'
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
  /** With `force`: keep so many previous images under numbered names. Undefined: what is replaced is gone. */
  readonly keep?: number | undefined
  readonly compression: Compression
  readonly blockSize: number
  readonly exclude: readonly string[]
  readonly xattrs: 'keep' | 'none'
  readonly owner: Owner
  /** Undefined: one for each core. */
  readonly threads: number | undefined
  /** Where the image will be mounted, absolute. Undefined: where it works, or beside the image. */
  readonly mountPoint: string | undefined
}

export interface PackReport {
  readonly request: PackRequest
  readonly environment: Environment
  readonly destination: Destination
  readonly result: PackResult
  /** Undefined when previous images are not kept. */
  readonly previous: PreviousImages | undefined
  readonly seconds: number
}

export interface PackCompany {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export async function pack(request: PackRequest, company: PackCompany): Promise<PackReport> {
  const started = performance.now()
  const environment = await openEnvironment(request.source, request.anyDirectory)
  const output = request.output ?? defaultImageName(environment.path)
  const destination = await chooseDestination(output, environment, request.force)
  const keeper = request.keep === undefined ? undefined : await keeping(request.keep)
  const result = await writeImage(request, environment, destination, keeper, company)
  const previous = await keeper?.tidy(destination.realPath)
  return {
    request,
    environment,
    destination,
    result,
    previous,
    seconds: (performance.now() - started) / 1000,
  }
}

async function keeping(most: number): Promise<Keeper> {
  const { keeperOf } = await import('../image/keeper.js')
  return keeperOf(most)
}

async function writeImage(
  request: PackRequest,
  environment: Environment,
  destination: Destination,
  keeper: Keeper | undefined,
  company: PackCompany,
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
      ...(keeper && { beforeReplace: keeper.keep }),
      signal: company.signal,
      onProgress: company.onProgress,
      ...(request.threads === undefined ? {} : { threads: request.threads }),
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

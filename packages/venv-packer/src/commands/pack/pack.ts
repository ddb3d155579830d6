/** `venv-packer pack`: packs a virtual environment into an image. Checks it and compiles its modules at the same time. */
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { Census, Codec, Entry, ImageOptions, ImageResult, OpenDirectory } from 'squashfs-writer'
import type { Bytecode, Compiler } from '../../bytecode/compiler.js'
import type { Level } from '../../bytecode/modules.js'
import type { Invocation } from '../../cli/commands.js'
import { type Environment, onlyPath, openEnvironment } from '../../environment/environment.js'
import { EXIT_CODES, type ExitCode } from '../../failure.js'
import type { Compression } from '../../image/compression.js'
import { chooseDestination, type Destination, defaultImageName } from '../../image/destination.js'
import type { Keeper } from '../../image/kept.js'
import { listenForInterruption } from '../../terminal/interruption.js'
import { print, type ReportStyle, reportStyle } from '../../terminal/printing.js'
import type { Checked, CheckWhilePacking } from './check-while-packing.js'
import { type PackProgress, type ProgressBar, startProgressBar } from './progress.js'
import { reportPack } from './report.js'
import { type PackReport, type PackRequest, packRequest } from './request.js'
import { tunerForManyFiles, tuneV8 } from './v8-settings.js'

export async function runPack({ values }: Invocation<'pack'>): Promise<ExitCode> {
  const request = packRequest(values)
  return await packOnTerminal(reportStyle(values), async (context, showProgress) => {
    showProgress()
    return await pack(request, context)
  })
}

/**
 * Runs the work of `pack` or `create`, and prints the report. Signals stop the work.
 * @param work calls `showProgress` when the progress bar is to appear.
 */
export async function packOnTerminal(
  style: ReportStyle,
  work: (context: PackContext, showProgress: () => void) => Promise<PackReport>,
): Promise<ExitCode> {
  const interruption = listenForInterruption()
  let bar: ProgressBar | undefined
  const showProgress = (): void => {
    if (style.progress && process.stderr.isTTY && process.env.TERM !== 'dumb')
      bar = startProgressBar(process.stderr)
  }
  try {
    const report = await work(
      { signal: interruption.signal, onProgress: (progress) => bar?.update(progress) },
      showProgress,
    )
    bar?.stop()
    await print(await reportPack(report, style))
    return EXIT_CODES.done
  } finally {
    bar?.stop()
    interruption.stopListening()
  }
}

export interface PackContext {
  readonly signal: AbortSignal
  readonly onProgress: (progress: PackProgress) => void
}

export async function pack(request: PackRequest, context: PackContext): Promise<PackReport> {
  const started = performance.now()
  const environment = await openEnvironment(request.source, request.anyDirectory)
  const output = request.output ?? defaultImageName(environment.path)
  const destination = await chooseDestination(output, environment, request.force)
  const keeper = request.keep === undefined ? undefined : await keeping(request.keep)
  const compilation = request.compile && compileWhilePacking(request.compile, request, environment, context)
  try {
    const { result, found, checked } = await writeImage(
      { request, environment, destination, keeper, compilation },
      context,
    )
    const previous = await keeper?.removeOldest(destination.realPath)
    return {
      request,
      environment,
      destination,
      relocation: checked?.relocation,
      findings: checked?.findings ?? [],
      packages: checked?.shares.shares() ?? [],
      result,
      found,
      previous,
      bytecode: await compilation?.result(),
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    await compilation?.stop()
  }
}

/** Compiles the modules when the directory has been read. Their bytecode is packed together with the entries found. */
interface CompileWhilePacking {
  readonly bytecodeOf: (directory: OpenDirectory) => AsyncGenerator<Entry>
  /** Undefined if the packing ended before anything was compiled. */
  readonly result: () => Promise<Bytecode | undefined>
  readonly stop: () => Promise<void>
}

function compileWhilePacking(
  levels: readonly Level[],
  { mountPoint, threads }: PackRequest,
  environment: Environment,
  { signal, onProgress }: PackContext,
): CompileWhilePacking {
  let compiler: Promise<Compiler> | undefined
  const start = async (): Promise<Compiler> => {
    const { startCompiler } = await import('../../bytecode/compiler.js')
    const processes = threads ?? availableParallelism()
    const place = mountPoint ?? onlyPath(environment)
    return await startCompiler({ environment, mountPoint: place, levels, processes, onProgress })
  }
  return {
    bytecodeOf: async function* ({ entries }) {
      signal.throwIfAborted()
      compiler = start()
      yield* (await compiler).entries(entries)
    },
    result: async () => (await compiler)?.result(),
    stop: async () => {
      await compiler?.then(
        (started) => started.stop(),
        () => {}, // a compiler that did not start has thrown its error already
      )
    },
  }
}

async function keeping(maxKept: number): Promise<Keeper> {
  const { createKeeper } = await import('../../image/kept.js')
  return createKeeper(maxKept)
}

/** The parts of one packing. */
interface Packing {
  readonly request: PackRequest
  readonly environment: Environment
  readonly destination: Destination
  readonly keeper: Keeper | undefined
  readonly compilation: CompileWhilePacking | undefined
}

interface Packed {
  readonly result: ImageResult
  readonly found: Census
  readonly checked: Checked | undefined
}

async function writeImage(packing: Packing, context: PackContext): Promise<Packed> {
  const { environment, destination } = packing
  try {
    // Loaded only now, so that a wrong request is refused without loading it.
    const library = await import('squashfs-writer')
    const { exclude } = packing.request
    tuneV8()
    const tune = tunerForManyFiles()
    const tuned: PackContext = {
      signal: context.signal,
      onProgress(progress) {
        tune(progress.files)
        context.onProgress(progress)
      },
    }
    const directory = await library.openDirectory(environment.realPath, { exclude, ...tuned })
    try {
      return await writeEntries(directory, packing, tuned, library)
    } finally {
      await directory.close()
    }
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason
    const { explainLibraryError } = await import('../../image/library-errors.js')
    throw explainLibraryError(error, environment, destination)
  }
}

async function writeEntries(
  directory: OpenDirectory,
  { request, environment, destination, keeper, compilation }: Packing,
  { signal, onProgress }: PackContext,
  library: typeof import('squashfs-writer'),
): Promise<Packed> {
  const { baseFor, keepRecord } = await import('../../image/pack-records.js')
  const base = await baseFor(request.base, destination)
  const check = request.check ? await checking(request, environment, directory) : undefined
  const entries = compilation
    ? library.overlay(directory.entries, compilation.bytecodeOf(directory))
    : directory.entries
  const options: ImageOptions = {
    codec: codec(library, request.compression),
    blockSize: request.blockSize,
    xattrs: request.xattrs,
    owner: request.owner,
    replace: request.force,
    ...(keeper && { beforeReplace: keeper.keep }),
    signal,
    onProgress,
    ...(request.threads === undefined ? {} : { threads: request.threads }),
    ...(base && { base }),
    record: true,
    ...check?.options,
  }
  const result = await library.writeImage(entries, destination.realPath, options)
  if (result.record) await keepRecord(destination.realPath, result.record)
  const found = compilation ? await directory.census() : result
  return { result, found, checked: check?.result() }
}

async function checking(
  request: PackRequest,
  environment: Environment,
  directory: OpenDirectory,
): Promise<CheckWhilePacking> {
  const { checkWhilePacking } = await import('./check-while-packing.js')
  return checkWhilePacking(request, environment, directory)
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

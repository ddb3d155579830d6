/** Compiles the modules of an environment on all cores, and makes entries for the image from the .pyc files. */
import { join } from 'node:path'
import type { Entry, FoundEntry } from 'squashfs-writer'
import { type ByteString, toBytes, toDisplay } from 'squashfs-writer/paths'
import {
  type Compiled,
  CompilerEnded,
  type CompilerProcess,
  type CompilerSettings,
  interpreterFailure,
  startCompilerProcess,
} from './compiler-process.js'
import { batchesOf, bytecodePath, type Level, type Module, modulesAmong } from './modules.js'

/** The result for all modules. */
export interface Bytecode {
  readonly levels: readonly Level[]
  /** The number of modules that were compiled. */
  readonly modules: number
  /** The number of .pyc files, one for each module and level, and their total size. */
  readonly files: number
  readonly bytes: number
  /** Modules that could not be compiled, such as templates or code for another Python. */
  readonly failed: readonly FailedModule[]
}

export interface FailedModule {
  /** Relative to the environment. */
  readonly path: string
  readonly message: string
}

/** The progress. Files are modules, and bytes are those of their sources. */
export interface CompileProgress {
  readonly phase: 'compile'
  readonly files: number
  readonly totalFiles: number
  readonly bytesIn: number
  readonly totalBytes: number
}

export interface CompilerOptions {
  readonly environment: { readonly typed: string; readonly path: string; readonly realPath: string }
  /** The mount point of the image; undefined for an environment that works anywhere. */
  readonly mountPoint: string | undefined
  readonly levels: readonly Level[]
  /** The most processes to start. */
  readonly processes: number
  readonly onProgress: (progress: CompileProgress) => void
}

export interface Compiler {
  /** Compiles the modules among the entries, and yields their bytecode as it becomes ready. */
  entries(found: AsyncIterable<FoundEntry>): AsyncGenerator<Entry>
  result(): Bytecode
  /** Kills the processes that still run. */
  stop(): Promise<void>
}

/**
 * Starts one process with the environment's own interpreter, so that a missing interpreter is reported before anything is packed.
 * The others are started by `entries`.
 * @throws Failure for an interpreter that does not start or is too old. `entries` throws one when a process ends early.
 */
export async function startCompiler(options: CompilerOptions): Promise<Compiler> {
  const { environment, levels, mountPoint = '' } = options
  const interpreter = {
    typed: join(environment.typed, 'bin', 'python'),
    path: join(environment.path, 'bin', 'python'),
  }
  const settings: CompilerSettings = {
    python: interpreter.path,
    environment: environment.realPath,
    mountPoint,
    levels,
  }
  const processes = [startCompilerProcess(settings)]
  const stop = async (): Promise<void> => void (await Promise.all(processes.map((one) => one.stop())))
  const tag = await explained(() => processes[0]!.tag).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  const failed: FailedModule[] = []
  const compiled = { modules: 0, files: 0, bytes: 0 }

  async function* entries(found: AsyncIterable<FoundEntry>): AsyncGenerator<Entry> {
    const modules = await modulesAmong(found)
    const progress = startProgress(modules, options.onProgress)
    const batches = batchesOf(modules)
    while (processes.length < Math.min(options.processes, batches.length))
      processes.push(startCompilerProcess(settings))
    const results = merged(processes.map((one) => compileBatches(one, batches)))
    for await (const batch of results) {
      for (const { module, result } of batch) yield* entriesOf(module, result)
      progress(batch.map(({ module }) => module))
    }
  }

  function* entriesOf(module: Module, result: Compiled): Generator<Entry> {
    if ('error' in result) {
      failed.push({ path: toDisplay(module.path), message: result.error })
      return
    }
    compiled.modules++
    for (const [n, bytes] of result.files.entries()) {
      compiled.files++
      compiled.bytes += bytes.length
      yield bytecodeEntry(module, bytecodePath(module.path, tag, levels[n]!), bytes)
    }
  }

  async function* compileBatches(
    one: CompilerProcess,
    batches: (readonly Module[])[],
  ): AsyncGenerator<Batch> {
    await explained(() => one.tag)
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      const paths = batch.map(({ path }) => path)
      const results = await explained(() => one.compile(paths))
      yield batch.map((module, n) => ({ module, result: results[n]! }))
    }
  }

  async function explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw error instanceof CompilerEnded ? await interpreterFailure(error, interpreter) : error
    }
  }

  return {
    entries,
    result: () => ({ levels, ...compiled, failed: failed.toSorted((a, b) => (a.path < b.path ? -1 : 1)) }),
    stop,
  }
}

type Batch = readonly { readonly module: Module; readonly result: Compiled }[]

/** A .pyc file gets the owner, time and permissions of its module. */
function bytecodeEntry({ type, mode, uid, gid, mtime }: Module, path: ByteString, bytes: Buffer): Entry {
  return {
    type: 'file',
    path: toBytes(path),
    mode: type === 'file' ? mode & 0o666 : 0o644,
    uid,
    gid,
    mtime,
    content: once(bytes),
  }
}

/** As a stream: the library keeps the content of a stream in a temporary file, not in memory, until it is written. */
async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

function startProgress(
  modules: readonly Module[],
  onProgress: (progress: CompileProgress) => void,
): (done: readonly Module[]) => void {
  const totalBytes = sizeOf(modules)
  let [files, bytesIn] = [0, 0]
  const report = () =>
    onProgress({ phase: 'compile', files, totalFiles: modules.length, bytesIn, totalBytes })
  report()
  return (done) => {
    files += done.length
    bytesIn += sizeOf(done)
    report()
  }
}

function sizeOf(modules: readonly Module[]): number {
  return modules.reduce((sum, { size }) => sum + size, 0)
}

/** Yields the values of all sources as they arrive. Every source is asked for its next value at once. Throws the first error. */
export async function* merged<T>(sources: readonly AsyncIterator<T>[]): AsyncGenerator<T> {
  const next = (source: AsyncIterator<T>) => {
    const value = source.next().then((result) => ({ source, result }))
    value.catch(() => {}) // Promise.race below throws it
    return value
  }
  const underWay = new Map(sources.map((source) => [source, next(source)]))
  while (underWay.size > 0) {
    const { source, result } = await Promise.race(underWay.values())
    if (result.done) {
      underWay.delete(source)
    } else {
      underWay.set(source, next(source))
      yield result.value
    }
  }
}

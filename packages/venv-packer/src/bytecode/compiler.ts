/** Compiles the modules of an environment on all cores; their .pyc files become entries for its image. */
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

/** The outcome for all modules. */
export interface Bytecode {
  readonly levels: readonly Level[]
  /** How many were compiled. */
  readonly modules: number
  /** Their .pyc files, one for each module and level, and the bytes of these. */
  readonly files: number
  readonly bytes: number
  /** Modules that could not be: templates, code for another Python. */
  readonly failed: readonly FailedModule[]
}

export interface FailedModule {
  /** In the environment. */
  readonly path: string
  readonly message: string
}

/** How far it is. Files are modules, bytes are those of their sources. */
export interface CompileProgress {
  readonly phase: 'compile'
  readonly files: number
  readonly totalFiles: number
  readonly bytesIn: number
  readonly totalBytes: number
}

export interface CompilerOptions {
  readonly environment: { readonly typed: string; readonly path: string; readonly realPath: string }
  /** The directory in which the environment will be found when it runs; undefined where that is anywhere. */
  readonly mountPoint: string | undefined
  readonly levels: readonly Level[]
  /** How many processes there may be. */
  readonly processes: number
  readonly onProgress: (progress: CompileProgress) => void
}

export interface Compiler {
  /** Compiles the modules among the entries found, and yields their bytecode as it gets ready. */
  entries(found: readonly FoundEntry[]): AsyncGenerator<Entry>
  result(): Bytecode
  /** Ends processes that may still be at work. */
  stop(): Promise<void>
}

/**
 * Starts the environment's own interpreter, so that one that is missing is known before anything is packed.
 * @throws Failure for an interpreter that does not start or is too old; so do the entries when one ends early.
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

  async function* entries(found: readonly FoundEntry[]): AsyncGenerator<Entry> {
    const modules = modulesAmong(found)
    const progress = startProgress(modules, options.onProgress)
    const batches = batchesOf(modules)
    while (processes.length < Math.min(options.processes, batches.length))
      processes.push(startCompilerProcess(settings))
    const lanes = merged(processes.map((one) => lane(one, batches)))
    for await (const batch of lanes) {
      for (const { module, result } of batch) yield* take(module, result)
      progress(batch.map(({ module }) => module))
    }
  }

  function* take(module: Module, result: Compiled): Generator<Entry> {
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

  async function* lane(one: CompilerProcess, batches: (readonly Module[])[]): AsyncGenerator<Batch> {
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

/** A .pyc file has the owner, the time and the permissions of its module. */
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

/** Contents that come as a stream wait in a temporary file for their turn, not in memory. */
async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

function startProgress(
  modules: readonly Module[],
  onProgress: (progress: CompileProgress) => void,
): (done: readonly Module[]) => void {
  const totalBytes = sizeOf(modules)
  let [files, bytesIn] = [0, 0]
  const tell = () => onProgress({ phase: 'compile', files, totalFiles: modules.length, bytesIn, totalBytes })
  tell()
  return (done) => {
    files += done.length
    bytesIn += sizeOf(done)
    tell()
  }
}

function sizeOf(modules: readonly Module[]): number {
  return modules.reduce((sum, { size }) => sum + size, 0)
}

/** Yields the values of all sources, as they come; each source works on its next value meanwhile. Ends with the first failure. */
export async function* merged<T>(sources: readonly AsyncIterator<T>[]): AsyncGenerator<T> {
  const next = (source: AsyncIterator<T>) => {
    const value = source.next().then((result) => ({ source, result }))
    value.catch(() => {}) // thrown by the race below
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

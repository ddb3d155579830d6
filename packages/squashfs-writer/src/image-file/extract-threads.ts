/** Extract threads: distributes jobs to workers. With one or two cores the calling thread does jobs, too. */
import { Worker } from 'node:worker_threads'
import { ExtractError, ImageError, type ImageErrorCode } from '../errors.js'
import type { ByteString } from '../tree/byte-string.js'
import type { ExtractJob } from './extract-job.js'
import type { TargetSettings, Written } from './extract-target.js'
import type { OpenImage } from './open-image.js'

/** The data with which a worker is spawned. */
export interface ThreadData {
  /** The file of the image. All threads of a process share its descriptors. */
  readonly descriptor: number
  readonly size: number
  readonly settings: TargetSettings
}

/** The response of a worker to a job. */
export type Response = Written | { readonly error: PlainError }

/** An error as plain data, for messages between threads. */
export type PlainError =
  | { readonly kind: 'extract'; readonly path: string; readonly message: string; readonly cause: unknown }
  | {
      readonly kind: 'image'
      readonly code: ImageErrorCode
      readonly reason: string
      readonly cause: unknown
    }
  | { readonly kind: 'other'; readonly error: unknown }

export interface ExtractThreads {
  /**
   * Assigns a job to a thread, after waiting for a free one.
   * @param done called when the job is done or has failed.
   */
  submit(job: ExtractJob, done?: () => void): Promise<void>
  /** Waits for all jobs. */
  end(): Promise<Written>
  stop(): Promise<void>
}

/** Jobs that the calling thread does before the first worker is spawned, which takes as long as to write some hundred files. */
const JOBS_BEFORE_SPAWN = 6
/** Maximum number of jobs of a worker: one that it does, and one that it can begin next without waiting. */
const JOBS_PER_WORKER = 2
/** With more cores, the calling thread does no jobs and only submits them. */
const MAX_SHARED_CORES = 2

interface Thread {
  readonly worker: Worker
  /** A callback for each of its jobs that is not done. */
  readonly pending: (() => void)[]
}

/**
 * @param run does a job in the calling thread.
 * @param cores that may be used. If the image is not an open file, the calling thread does all jobs.
 * @param isLarge whether the image has enough work for all workers, so that they are spawned at once.
 * @param signal aborts the extraction.
 */
export function startExtractThreads(
  { descriptor, size }: OpenImage,
  settings: TargetSettings,
  run: (job: ExtractJob) => Promise<void>,
  { cores, isLarge, signal }: { cores: number; isLarge: boolean; signal: AbortSignal | undefined },
): ExtractThreads {
  const maxWorkers = descriptor === null ? 0 : cores <= MAX_SHARED_CORES ? cores - 1 : cores
  const isShared = maxWorkers < cores
  const threads: Thread[] = []
  const sum = { files: 0, bytes: 0, dropped: [] as ByteString[] }
  let jobs = 0
  let failed: { readonly error: unknown } | null = null
  let wake: (() => void) | null = null

  const onAbort = () => fail(signal?.reason)
  signal?.addEventListener('abort', onAbort)
  if (descriptor !== null && isLarge) while (threads.length < maxWorkers) spawn(descriptor)

  function fail(error: unknown): void {
    failed ??= { error }
    wake?.()
  }

  function spawn(file: number): Thread {
    const workerData: ThreadData = { descriptor: file, size, settings }
    const worker = new Worker(new URL('./extract-worker.js', import.meta.url), { workerData, execArgv: [] })
    const thread: Thread = { worker, pending: [] }
    worker.on('message', (response: Response) => {
      if ('error' in response) fail(errorOf(response.error))
      else {
        sum.files += response.files
        sum.bytes += response.bytes
        sum.dropped.push(...response.dropped)
      }
      thread.pending.shift()?.()
      wake?.()
    })
    worker.on('error', (error) => {
      fail(error)
      for (const done of thread.pending.splice(0)) done()
    })
    threads.push(thread)
    return thread
  }

  /** A worker that can take a job, which is spawned if all others are busy; null if there is none. */
  function freeThread(): Thread | null {
    if (descriptor === null || jobs <= (isLarge ? 0 : JOBS_BEFORE_SPAWN)) return null
    const free = threads.find(({ pending }) => pending.length < JOBS_PER_WORKER)
    return free ?? (threads.length < maxWorkers ? spawn(descriptor) : null)
  }

  async function nextResponse(): Promise<void> {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }

  async function runHere(job: ExtractJob): Promise<void> {
    await run(job)
    // Lets the event loop handle responses and signals.
    await new Promise((resolve) => setImmediate(resolve))
  }

  return {
    async submit(job, done = () => {}) {
      jobs++
      for (;;) {
        if (failed) throw failed.error
        const thread = freeThread()
        if (thread !== null) {
          thread.pending.push(done)
          const transferred = job.kind === 'files' ? [job.references.buffer as ArrayBuffer] : []
          thread.worker.postMessage(job, transferred)
          return
        }
        if (isShared || threads.length === 0) return await runHere(job).finally(done)
        await nextResponse()
      }
    },
    async end() {
      while (failed === null && threads.some(({ pending }) => pending.length > 0)) await nextResponse()
      if (failed !== null) throw failed.error
      return sum
    },
    async stop() {
      signal?.removeEventListener('abort', onAbort)
      await Promise.all(threads.map(({ worker }) => worker.terminate()))
    },
  }
}

function errorOf(plain: PlainError): unknown {
  switch (plain.kind) {
    case 'extract':
      return new ExtractError(plain.path, plain.message, plain.cause)
    case 'image':
      return new ImageError(plain.code, plain.reason, { cause: plain.cause })
    case 'other':
      return plain.error
  }
}

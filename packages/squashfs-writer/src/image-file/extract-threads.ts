/** Extract threads: assigns the writing of files to worker threads, and with few cores to the calling one, too. */
import { Worker } from 'node:worker_threads'
import { ExtractError, ImageError, type ImageErrorCode } from '../errors.js'
import type { ByteString } from '../tree/byte-string.js'
import type { ExtractJob } from './extract-job.js'
import type { TargetSettings, Written } from './extract-target.js'
import type { OpenImage } from './open-image.js'

/** The data with which a thread is started. */
export interface ThreadData {
  /** The image's file: descriptors are the process's, and the same in all of its threads. */
  readonly descriptor: number
  readonly size: number
  readonly settings: TargetSettings
}

/** The answer of a thread to a job. */
export type Answer = Written | { readonly error: PlainError }

/** An error as it passes between threads. */
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
   * Has a job done by a thread that can take one more, and waits until there is one.
   * @param done called when it is done, or has failed.
   */
  give(job: ExtractJob, done?: () => void): Promise<void>
  /** Waits for all that was given. */
  end(): Promise<Written>
  stop(): Promise<void>
}

/** Jobs before the first thread is started: to start one takes as long as to write some hundred files. */
const JOBS_FIRST = 6
/** Jobs that a thread has at a time: one to do, and one so that it need not wait. */
const JOBS_EACH = 2
/** With so many cores or fewer the calling thread does jobs, too; with more it has enough to do with giving them. */
const CORES_TO_SHARE = 2

interface Thread {
  readonly worker: Worker
  /** One for each job that it has. */
  readonly given: (() => void)[]
}

/**
 * @param run does a job in the calling thread.
 * @param cores that may be used. An image that is no file of this process is for the calling thread alone.
 * @param isLarge whether there is surely work for all of them.
 * @param signal ends the waiting for them.
 */
export function startExtractThreads(
  { descriptor, size }: OpenImage,
  settings: TargetSettings,
  run: (job: ExtractJob) => Promise<void>,
  { cores, isLarge, signal }: { cores: number; isLarge: boolean; signal: AbortSignal | undefined },
): ExtractThreads {
  const most = descriptor === null ? 0 : cores <= CORES_TO_SHARE ? cores - 1 : cores
  const isShared = most < cores
  const threads: Thread[] = []
  const sum = { files: 0, bytes: 0, dropped: [] as ByteString[] }
  let jobs = 0
  let failed: { readonly error: unknown } | null = null
  let wake: (() => void) | null = null

  const onAbort = () => fail(signal?.reason)
  signal?.addEventListener('abort', onAbort)
  if (descriptor !== null && isLarge) while (threads.length < most) spawn(descriptor)

  function fail(error: unknown): void {
    failed ??= { error }
    wake?.()
  }

  function spawn(file: number): Thread {
    const workerData: ThreadData = { descriptor: file, size, settings }
    const worker = new Worker(new URL('./extract-worker.js', import.meta.url), { workerData, execArgv: [] })
    const thread: Thread = { worker, given: [] }
    worker.on('message', (answer: Answer) => {
      if ('error' in answer) fail(errorOf(answer.error))
      else {
        sum.files += answer.files
        sum.bytes += answer.bytes
        sum.dropped.push(...answer.dropped)
      }
      thread.given.shift()?.()
      wake?.()
    })
    worker.on('error', (error) => {
      fail(error)
      for (const done of thread.given.splice(0)) done()
    })
    threads.push(thread)
    return thread
  }

  /** One that has room; a new one where all have enough to do; null where the calling thread is to do it. */
  function freeThread(): Thread | null {
    if (descriptor === null || jobs <= (isLarge ? 0 : JOBS_FIRST)) return null
    const free = threads.find(({ given }) => given.length < JOBS_EACH)
    return free ?? (threads.length < most ? spawn(descriptor) : null)
  }

  async function nextAnswer(): Promise<void> {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }

  async function runHere(job: ExtractJob): Promise<void> {
    await run(job)
    // Events have their turn: answers, signals.
    await new Promise((resolve) => setImmediate(resolve))
  }

  return {
    async give(job, done = () => {}) {
      jobs++
      for (;;) {
        if (failed) throw failed.error
        const thread = freeThread()
        if (thread !== null) {
          thread.given.push(done)
          const moved = job.kind === 'files' ? [job.references.buffer as ArrayBuffer] : []
          thread.worker.postMessage(job, moved)
          return
        }
        if (isShared || threads.length === 0) return await runHere(job).finally(done)
        await nextAnswer()
      }
    },
    async end() {
      while (failed === null && threads.some(({ given }) => given.length > 0)) await nextAnswer()
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

/** Extract threads: worker threads that write the files of an image, while the main thread walks it. */
import { Worker } from 'node:worker_threads'
import { ExtractError, ImageError, type ImageErrorCode } from '../errors.js'
import type { ImageFile } from '../reader/inode-reader.js'
import type { ByteString } from '../tree/byte-string.js'
import type { TargetSettings, Written } from './extract-target.js'
import type { OpenImage } from './open-image.js'

/** What a thread is started with. */
export interface ThreadData {
  /** The image's file: descriptors are the process's, and the same in all of its threads. */
  readonly descriptor: number
  readonly size: number
  readonly settings: TargetSettings
}

/** Files that a thread writes, in the order of the image. */
export interface Batch {
  readonly paths: readonly ByteString[]
  readonly references: readonly number[]
}

/** What a thread answers to a batch. */
export type Answer =
  | {
      readonly files: number
      readonly bytes: number
      readonly dropped: readonly (readonly [ByteString, number])[]
    }
  | { readonly error: PlainError }

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
  /** Hands a file to a thread, once one has room; false for the first files: they are the caller's. */
  take(path: ByteString, file: ImageFile): Promise<boolean>
  /** Waits for all that was taken. */
  end(): Promise<Written>
  stop(): Promise<void>
}

/** Files before the first thread is started: to start one takes as long as to write some hundred files. */
const FILES_FIRST = 400
const BYTES_FIRST = 32 << 20
/** A batch is full when it has so many files, or so many bytes. */
const FILES_IN_BATCH = 64
const BYTES_IN_BATCH = 4 << 20
/** Batches that a thread has at a time: one to write, and one so that it need not wait. */
const BATCHES_EACH = 2

interface Thread {
  readonly worker: Worker
  sent: number
  answered: number
}

/**
 * @param most threads. An image that is no file of this process has none.
 * @param signal ends the waiting for them.
 */
export function startExtractThreads(
  image: OpenImage,
  settings: TargetSettings,
  most: number,
  signal: AbortSignal | undefined,
): ExtractThreads {
  const { descriptor, size } = image
  const threads: Thread[] = []
  const written: Written = { files: 0, bytes: 0, dropped: new Map() }
  let [seenFiles, seenBytes] = [0, 0]
  let batch: { paths: ByteString[]; references: number[]; bytes: number } | null = null
  let batchFor: Thread | null = null
  let failed: { readonly error: unknown } | null = null
  let wake: (() => void) | null = null

  const onAbort = () => {
    failed ??= { error: signal?.reason }
    wake?.()
  }
  signal?.addEventListener('abort', onAbort)

  function hire(file: number): Thread {
    const workerData: ThreadData = { descriptor: file, size, settings }
    const worker = new Worker(new URL('./extract-worker.js', import.meta.url), { workerData, execArgv: [] })
    const thread: Thread = { worker, sent: 0, answered: 0 }
    worker.on('message', (answer: Answer) => {
      thread.answered++
      if ('error' in answer) failed ??= { error: errorOf(answer.error) }
      else {
        written.files += answer.files
        written.bytes += answer.bytes
        addAll(written.dropped, answer.dropped)
      }
      wake?.()
    })
    worker.on('error', (error) => {
      failed ??= { error }
      thread.answered = thread.sent
      wake?.()
    })
    threads.push(thread)
    return thread
  }

  /** The first that has room; a new one where all have enough to do, and there may be more. */
  async function freeThread(file: number): Promise<Thread> {
    for (;;) {
      if (failed) throw failed.error
      const free = threads.find(({ sent, answered }) => sent - answered < BATCHES_EACH)
      if (free) return free
      if (threads.length < most) return hire(file)
      await nextAnswer()
    }
  }

  async function nextAnswer(): Promise<void> {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }

  function send(): void {
    if (batch === null || batchFor === null) return
    batchFor.sent++
    const { paths, references } = batch
    batchFor.worker.postMessage({ paths, references } satisfies Batch)
    batch = null
    batchFor = null
  }

  return {
    async take(path, file) {
      seenFiles++
      seenBytes += file.size
      if (batch === null) {
        if (descriptor === null || (seenFiles < FILES_FIRST && seenBytes < BYTES_FIRST)) return false
        batchFor = await freeThread(descriptor)
        batch = { paths: [], references: [], bytes: 0 }
      }
      batch.paths.push(path)
      batch.references.push(file.reference)
      batch.bytes += file.size
      if (batch.paths.length >= FILES_IN_BATCH || batch.bytes >= BYTES_IN_BATCH) send()
      return true
    },
    async end() {
      send()
      while (failed === null && threads.some(({ sent, answered }) => answered < sent)) await nextAnswer()
      if (failed !== null) throw failed.error
      return written
    },
    async stop() {
      signal?.removeEventListener('abort', onAbort)
      await Promise.all(threads.map(({ worker }) => worker.terminate()))
    },
  }
}

function addAll(to: Map<ByteString, number>, from: Iterable<readonly [ByteString, number]>): void {
  for (const [name, count] of from) to.set(name, (to.get(name) ?? 0) + count)
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

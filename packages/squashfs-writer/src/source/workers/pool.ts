/**
 * Pool: assigns jobs to workers and to the calling thread.
 *
 * The `threads` option is the number of threads. With one or two, the calling thread is one of them, and does a job whenever it
 * has nothing else to do. With more, it only orders the results. A worker is spawned when there is enough work to make up for its
 * start. If metadata calls are slow, as on a network filesystem, many more workers are spawned, so that many calls are in
 * flight. A shared counter still limits the number of threads that compress to `threads`.
 */
import { setImmediate } from 'node:timers/promises'
import type { Codec } from '../../codec/codec.js'
import { CodecError, SquashfsError } from '../../errors.js'
import { Executor } from './executor.js'
import { createPermits } from './permits.js'
import { type Pending, PoolWorker, startThread, type WorkerThread } from './pool-worker.js'
import {
  BUFFER_SIZE,
  type ExecutorSetup,
  type JobMessage,
  type JobName,
  type Jobs,
  READY,
  type ResponseMessage,
} from './protocol.js'
import { usableCores } from './usable-cores.js'

/** Maximum number of jobs of a worker if calls are slow: one that it does, and one that waits. */
const JOBS_PER_WORKER = 2
/**
 * Limits for the jobs of a worker: bytes and number. They keep the worker busy while the calling thread does a job itself, which
 * may be as large as a buffer.
 */
const MAX_BYTES_QUEUED = 3 * BUFFER_SIZE
const MAX_JOBS_QUEUED = 16
/** Up to this number of threads, the calling thread is one of them. */
const FEW_THREADS = 2
/** The work for which a worker is spawned: names to stat, bytes to compress. Its start takes some 40 ms of CPU time. */
const NAMES_PER_WORKER = 1_000
const BYTES_PER_WORKER = 16_777_216
/** Number of metadata calls from which the pool decides whether calls are slow. */
const SAMPLE = 16
/** Maximum number of workers if calls are slow. */
const MAX_SLOW_WORKERS = Math.min(32, Math.max(12, 4 * usableCores()))

export interface PoolOptions extends Omit<ExecutorSetup, 'permits' | 'codec'> {
  /** null if nothing is encoded. */
  readonly codec: Codec | null
  /** Threads that compress, at least 1. */
  readonly threads: number
  /** Starts the thread of a worker. Default: a thread of Node. */
  readonly startThread?: (setup: ExecutorSetup) => WorkerThread
}

export interface Pool {
  /**
   * Runs a job in the next free thread. Jobs of the kind 'encode' come first, since buffers wait for them.
   * @throws the error of the job.
   */
  run<N extends JobName>(name: N, request: Jobs[N]['request']): Promise<Jobs[N]['response']>
  /** Announces work, so that workers are spawned in time. */
  expect(work: { readonly names?: number; readonly bytes?: number }): void
  /** The number of jobs at a time that keeps all threads busy, with some in reserve. */
  jobsWanted(): number
  /** Whether metadata calls are slow. A thread that makes them only waits, so all threads should have some. */
  areSlow(): boolean
  /** Terminates all workers. Current and later jobs are rejected. */
  close(): Promise<void>
}

class ThreadPool implements Pool {
  readonly #threads: number
  readonly #startThread: (setup: ExecutorSetup) => WorkerThread
  readonly #workerSetup: ExecutorSetup
  readonly #executor: Executor
  /** Whether only the calling thread has the codec. Such a codec may have its own threads. */
  readonly #needsCaller: boolean
  readonly #callerWorks: boolean
  readonly #workers: PoolWorker[] = []
  readonly #queue: Pending[] = []
  /** Jobs of the kind 'encode'. */
  readonly #urgent: Pending[] = []
  #nextId = 0
  #ownJobs = 0
  #namesSeen = 0
  /** Metadata calls since the last decision whether they are slow. */
  #calls = 0
  #slowCalls = 0
  #slow = false
  #closed = false

  constructor({ codec, threads, startThread: start = startThread, ...setup }: PoolOptions) {
    const recipe = codec?.recipe ?? null
    this.#threads = threads
    this.#startThread = start
    this.#workerSetup = { ...setup, codec: recipe, permits: createPermits(threads) }
    this.#executor = new Executor(this.#workerSetup, codec)
    this.#needsCaller = codec !== null && recipe === null
    this.#callerWorks = this.#needsCaller || threads <= FEW_THREADS
  }

  run<N extends JobName>(name: N, request: Jobs[N]['request']): Promise<Jobs[N]['response']> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(stopped())
      const job = { message: { id: this.#nextId++, name, request } as JobMessage, resolve, reject }
      ;(name === 'encode' ? this.#urgent : this.#queue).push(job)
      this.#assign()
    })
  }

  expect({ names = 0, bytes = 0 }: { readonly names?: number; readonly bytes?: number }): void {
    if (!this.#needsCaller) this.#spawnFor(names / NAMES_PER_WORKER + bytes / BYTES_PER_WORKER)
  }

  jobsWanted(): number {
    return Math.max(8, 2 * JOBS_PER_WORKER * this.#workers.length)
  }

  areSlow(): boolean {
    return this.#slow
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#executor.close()
    this.#rejectWaiting(stopped())
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  /** Spawns workers up to `wanted`, the number for which there is work. */
  #spawnFor(wanted: number): void {
    const most = this.#callerWorks ? this.#threads - 1 : this.#threads
    while (!this.#closed && this.#workers.length < Math.min(most, Math.floor(wanted))) this.#spawn()
  }

  #spawn(): void {
    const worker = new PoolWorker(this.#startThread(this.#workerSetup))
    worker.listen(
      (message) => {
        if (message === READY) {
          worker.ready = true
          this.#assign()
        } else {
          const job = worker.take(message.id)
          if (job) this.#takeResponse(job, message)
        }
        // When the pool is closed, `close` waits for the workers: a late response must not let the process end before that.
        if (!this.#closed) worker.restIfIdle()
      },
      (error) => this.#lose(worker, error),
    )
    this.#workers.push(worker)
  }

  #lose(worker: PoolWorker, error: unknown): void {
    const at = this.#workers.indexOf(worker)
    if (at >= 0) this.#workers.splice(at, 1)
    for (const { reject } of worker.jobs.values()) reject(error)
    worker.jobs.clear()
    if (!this.#closed && this.#workers.length === 0) this.#rejectWaiting(error)
  }

  #rejectWaiting(reason: unknown): void {
    for (const { reject } of [...this.#urgent.splice(0), ...this.#queue.splice(0)]) reject(reason)
  }

  /** Assigns the waiting jobs, in order, to workers that can take them. The calling thread may do some of the rest. */
  #assign(): void {
    if (this.#closed) return
    const ready = this.#workers.filter((worker) => worker.ready)
    while (this.#urgent.length + this.#queue.length > 0) {
      const worker = leastBusy(ready)
      if (!worker || !this.#canTakeJob(worker)) break
      const job = this.#nextForWorker()
      if (!job) break
      worker.send(job)
    }
    const mine = this.#callerWorks
      ? !(this.#slow && ready.length > 0) || this.#needsCaller
      : ready.length === 0
    while (mine && this.#ownJobs < (this.#needsCaller ? this.#threads : 1)) {
      const job = this.#urgent.shift() ?? this.#queue.shift()
      if (!job) break
      void this.#doMyself(job)
    }
  }

  #canTakeJob({ jobs, bytes }: PoolWorker): boolean {
    return this.#slow ? jobs.size < JOBS_PER_WORKER : jobs.size < MAX_JOBS_QUEUED && bytes < MAX_BYTES_QUEUED
  }

  /** If the calling thread does jobs, the short ones are left to it, so that it soon has time to order results. */
  #nextForWorker(): Pending | undefined {
    if (!this.#callerWorks) return this.#urgent.shift() ?? this.#queue.shift()
    const n = this.#queue.findIndex(({ message }) => !this.#isForCaller(message.name))
    if (n >= 0) return this.#queue.splice(n, 1)[0]
    return this.#needsCaller ? undefined : this.#urgent.shift()
  }

  /** Whether a job is for the calling thread: if a worker cannot do it, or if sending the result takes longer than the job (to list directories, unless calls are slow). */
  #isForCaller(name: JobName): boolean {
    return this.#needsCaller ? name === 'read' : name === 'stat' && !this.#slow
  }

  /** Does a job in this thread, after the event loop has handled other events. */
  async #doMyself(job: Pending): Promise<void> {
    this.#ownJobs++
    await setImmediate()
    if (this.#closed) return job.reject(stopped())
    const response = await this.#executor.run(job.message)
    this.#ownJobs--
    if (this.#closed) this.#executor.close() // closes files that the job has opened
    this.#takeResponse(job, response)
  }

  #takeResponse({ message, resolve, reject }: Pending, received: ResponseMessage): void {
    if (message.name === 'stat') this.#namesSeen += received.calls
    this.#calls += received.calls
    this.#slowCalls += received.slowCalls
    const { missingCodec } = received
    if (missingCodec) reject(new CodecError(missingCodec.codec, missingCodec.reason))
    else if ('error' in received) reject(received.error)
    else resolve(received.response as never)
    if (this.#calls >= SAMPLE) this.#judgeCalls()
    if (message.name === 'stat') this.#spawnFor(this.#namesSeen / NAMES_PER_WORKER)
    this.#assign()
  }

  /** Triples the number of workers each time that most calls were slow. This is fast enough, and spawns few workers on a busy machine. */
  #judgeCalls(): void {
    const slow = this.#slowCalls > this.#calls / 2
    this.#slow ||= slow
    this.#calls = 0
    this.#slowCalls = 0
    const more = slow && !this.#closed ? Math.max(4, 2 * this.#workers.length) : 0
    for (let n = 0; n < more && this.#workers.length < MAX_SLOW_WORKERS; n++) this.#spawn()
  }
}

/** Creates a pool. The caller must close it. It spawns no worker before there is work. */
export function createPool(options: PoolOptions): Pool {
  return new ThreadPool(options)
}

/**
 * Creates a pool, calls `use` with it, and closes it.
 * @throws the error of `use`; after an abort, the reason of the signal.
 */
export async function withPool<T>(
  options: PoolOptions,
  signal: AbortSignal,
  use: (pool: Pool) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const pool = createPool(options)
  const stop = () => void pool.close()
  signal.addEventListener('abort', stop)
  try {
    return await use(pool)
  } catch (error) {
    signal.throwIfAborted() // an abort terminates workers, which causes other errors
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    await pool.close()
  }
}

/** The error of a job that will not be done. */
function stopped(): SquashfsError {
  return new SquashfsError('WORKER', 'the work was stopped')
}

function leastBusy(workers: readonly PoolWorker[]): PoolWorker | undefined {
  return workers.reduce<PoolWorker | undefined>(
    (best, worker) =>
      best && (best.bytes - worker.bytes || best.jobs.size - worker.jobs.size) <= 0 ? best : worker,
    undefined,
  )
}

/**
 * Pool: assigns jobs to workers and to the calling thread, by one rule.
 *
 * As many threads work as the program may use. With one or two, the calling thread is one of them and does a job whenever
 * it has nothing else to do; with more it only puts results in order. Workers are spawned when there is work that pays for
 * their start, and never more than the work pays for. Where metadata calls are slow, because a network answers them, there
 * are soon many more workers, so that many calls are in flight; a counter that all share sees to it that no more threads
 * compress at a time than the program may use.
 */
import { setImmediate } from 'node:timers/promises'
import type { Codec } from '../../codec/codec.js'
import { CodecError, SquashfsError } from '../../errors.js'
import { Executor } from './executor.js'
import { createPermits } from './permits.js'
import { type Pending, PoolWorker } from './pool-worker.js'
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

/** Jobs given to a worker at a time where calls are slow: one at work, one waiting. */
const JOBS_PER_WORKER = 2
/**
 * Bytes given to a worker at a time, so that it never idles for the calling thread, which may be at work on a job of a buffer's
 * size; and no more jobs than these.
 */
const BYTES_AHEAD = 3 * BUFFER_SIZE
const MOST_JOBS_AHEAD = 16
/** Up to so many threads, the calling thread is one of them. */
const FEW_THREADS = 2
/** Work that pays for the start of a worker, which takes some 40 ms of a core: names to stat, bytes to compress. */
const NAMES_PER_WORKER = 1_000
const BYTES_PER_WORKER = 16_777_216
/** Metadata calls that are looked at before it is decided whether calls are slow. */
const SAMPLE = 16
/** Workers when calls are slow: so many calls are then in flight. */
const MOST_SLOW_WORKERS = Math.min(32, Math.max(12, 4 * usableCores()))

export interface PoolOptions extends Omit<ExecutorSetup, 'permits' | 'codec'> {
  /** null where nothing is encoded. */
  readonly codec: Codec | null
  /** Threads that compress, at least 1. */
  readonly threads: number
}

export interface Pool {
  /**
   * Has a job done by the next that is free. Jobs that encode come first: buffers wait for them.
   * @throws what the job as a whole failed with.
   */
  run<N extends JobName>(name: N, request: Jobs[N]['request']): Promise<Jobs[N]['response']>
  /** Told what work is to come, so that workers are spawned in time. */
  expect(work: { readonly names?: number; readonly bytes?: number }): void
  /** How many jobs at a time keep everyone busy, with some to spare. */
  jobsWanted(): number
  /** Whether calls are slow: a thread that makes them only waits, so that all should have some. */
  areSlow(): boolean
  /** Terminates all workers; jobs under way, and those that come after, are rejected. */
  close(): Promise<void>
}

class ThreadPool implements Pool {
  readonly #threads: number
  readonly #workerSetup: ExecutorSetup
  readonly #executor: Executor
  /** Whether the calling thread alone has the codec, which may have threads of its own. */
  readonly #needsCaller: boolean
  readonly #callerWorks: boolean
  readonly #workers: PoolWorker[] = []
  readonly #queue: Pending[] = []
  /** Jobs that encode. */
  readonly #urgent: Pending[] = []
  #nextId = 0
  #ownJobs = 0
  #namesSeen = 0
  /** Of the metadata calls since it was last decided whether they are slow. */
  #calls = 0
  #slowCalls = 0
  #slow = false
  #closed = false

  constructor({ codec, threads, ...setup }: PoolOptions) {
    const recipe = codec?.recipe ?? null
    this.#threads = threads
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

  /** As many as the work pays for. */
  #spawnFor(paid: number): void {
    const most = this.#callerWorks ? this.#threads - 1 : this.#threads
    while (!this.#closed && this.#workers.length < Math.min(most, Math.floor(paid))) this.#spawn()
  }

  #spawn(): void {
    const worker = new PoolWorker(this.#workerSetup)
    worker.listen(
      (message) => {
        if (message === READY) {
          worker.ready = true
          this.#assign()
        } else {
          const job = worker.take(message.id)
          if (job) this.#takeResponse(job, message)
        }
        // Once it is closed the workers are waited for: an answer that comes late must not let the process end before.
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

  /** Gives the jobs that wait, in their order, to workers that have room; what is left may be for the calling thread. */
  #assign(): void {
    if (this.#closed) return
    const ready = this.#workers.filter((worker) => worker.ready)
    while (this.#urgent.length + this.#queue.length > 0) {
      const worker = leastBusy(ready)
      if (!worker || !this.#hasRoom(worker)) break
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

  #hasRoom({ jobs, bytes }: PoolWorker): boolean {
    return this.#slow ? jobs.size < JOBS_PER_WORKER : jobs.size < MOST_JOBS_AHEAD && bytes < BYTES_AHEAD
  }

  /** Where the calling thread works it is left the short jobs, so that it soon has time again to put results in order. */
  #nextForWorker(): Pending | undefined {
    if (!this.#callerWorks) return this.#urgent.shift() ?? this.#queue.shift()
    const n = this.#queue.findIndex(({ message }) => !this.#isForCaller(message.name))
    if (n >= 0) return this.#queue.splice(n, 1)[0]
    return this.#needsCaller ? undefined : this.#urgent.shift()
  }

  /** What a worker cannot do, or what is done sooner than its result is sent: to list directories, unless calls are slow. */
  #isForCaller(name: JobName): boolean {
    return this.#needsCaller ? name === 'read' : name === 'stat' && !this.#slow
  }

  /** Does a job on this thread, when what else is waiting had its turn. */
  async #doMyself(job: Pending): Promise<void> {
    this.#ownJobs++
    await setImmediate()
    if (this.#closed) return job.reject(stopped())
    const response = await this.#executor.run(job.message)
    this.#ownJobs--
    if (this.#closed) this.#executor.close() // files that were opened meanwhile
    this.#takeResponse(job, response)
  }

  #takeResponse({ message, resolve, reject }: Pending, answered: ResponseMessage): void {
    if (message.name === 'stat') this.#namesSeen += answered.calls
    this.#calls += answered.calls
    this.#slowCalls += answered.slowCalls
    const { missingCodec } = answered
    if (missingCodec) reject(new CodecError(missingCodec.codec, missingCodec.reason))
    else if ('error' in answered) reject(answered.error)
    else resolve(answered.response as never)
    if (this.#calls >= SAMPLE) this.#judgeCalls()
    if (message.name === 'stat') this.#spawnFor(this.#namesSeen / NAMES_PER_WORKER)
    this.#assign()
  }

  /** Three times as many workers each time that most calls were slow: soon enough, and few for a hiccup or a busy machine. */
  #judgeCalls(): void {
    const slow = this.#slowCalls > this.#calls / 2
    this.#slow ||= slow
    this.#calls = 0
    this.#slowCalls = 0
    const more = slow && !this.#closed ? Math.max(4, 2 * this.#workers.length) : 0
    for (let n = 0; n < more && this.#workers.length < MOST_SLOW_WORKERS; n++) this.#spawn()
  }
}

/** Makes a pool, which whoever made it closes. It starts nothing before there is a job. */
export function createPool(options: PoolOptions): Pool {
  return new ThreadPool(options)
}

/**
 * Has a pool at hand for as long as something takes.
 * @throws what `use` throws; once the signal is aborted its reason.
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
    signal.throwIfAborted() // a failure because workers were stopped is not the reason
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    await pool.close()
  }
}

/** Rejects a job that will not be done any more. */
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

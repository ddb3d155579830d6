/**
 * Pool: who does the jobs, in one rule.
 *
 * As many threads work as the program may use. With one or two, the calling thread is one of them and does a job whenever
 * it has nothing else to do; with more it only puts results in order. Workers are spawned when there is work that pays for
 * their start, and never more than the work pays for. Where metadata calls are slow, because a network answers them, there
 * are soon many more workers, so that many calls are in flight; a counter that all share sees to it that no more threads
 * compress at a time than the program may use.
 */
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Codec } from '../../codec/codec.js'
import { CodecError, SquashfsError } from '../../errors.js'
import { createExecutor } from './executor.js'
import { createPermits } from './permits.js'
import {
  type AnswerMessage,
  BUFFER_SIZE,
  type ExecutorSetup,
  type JobMessage,
  type JobName,
  type Jobs,
  READY,
} from './protocol.js'
import { usableCores } from './usable-cores.js'

/** Jobs given to a worker at a time where calls are slow: one at work, one waiting. */
const JOBS_PER_WORKER = 2
/**
 * Bytes given to a worker at a time, so that it never idles for the calling thread, which may be at work on a job of a buffer's
 * size; and no more jobs than these.
 */
const BYTES_AHEAD = 2 * BUFFER_SIZE
const MOST_JOBS_AHEAD = 16
/** Up to so many threads, the calling thread is one of them. */
const FEW_THREADS = 2
/** What pays for the start of a worker, which takes some 40 ms of a core: names to look at, bytes to compress. */
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
  run<N extends JobName>(name: N, ask: Jobs[N]['ask']): Promise<Jobs[N]['answer']>
  /** Told what work is to come, so that workers are spawned in time. */
  expect(work: { readonly names?: number; readonly bytes?: number }): void
  /** How many jobs at a time keep everyone busy, with some to spare. */
  jobsWanted(): number
  /** Whether calls are slow: whoever makes them only waits, so that all should have some. */
  areSlow(): boolean
  /** Terminates all workers; jobs under way, and those that come after, are rejected. */
  close(): Promise<void>
}

interface Pending {
  readonly message: JobMessage
  readonly resolve: (answer: never) => void
  readonly reject: (error: unknown) => void
}

interface PoolWorker {
  readonly thread: Worker
  /** Done when its modules are loaded, or it has ended. */
  readonly started: Promise<unknown>
  ready: boolean
  readonly jobs: Map<number, Pending>
  /** What its jobs have to do with. */
  bytes: number
}

function createPool({ codec, threads, ...setup }: PoolOptions): Pool {
  const permits = createPermits(threads)
  const recipe = codec?.recipe ?? null
  const workerSetup: ExecutorSetup = { ...setup, codec: recipe, permits }
  const executor = createExecutor(workerSetup, codec)
  /** Without a recipe only the calling thread has the codec; it may have threads of its own. */
  const needsCaller = codec !== null && recipe === null
  const callerJobs = needsCaller ? threads : 1
  const callerWorks = needsCaller || threads <= FEW_THREADS
  const mostWorkers = callerWorks ? threads - 1 : threads

  const workers: PoolWorker[] = []
  const queue: Pending[] = []
  const urgent: Pending[] = []
  let nextId = 0
  let ownJobs = 0
  let namesSeen = 0
  /** Of the calls since it was last decided whether they are slow. */
  let [calls, slowCalls] = [0, 0]
  let areSlow = false
  let closed = false

  function spawn(): void {
    const thread = new Worker(new URL('./worker.js', import.meta.url), {
      execArgv: [],
      workerData: workerSetup,
    })
    const started = new Promise((resolve) => thread.once('message', resolve).once('exit', resolve))
    const worker: PoolWorker = { thread, started, ready: false, jobs: new Map(), bytes: 0 }
    thread.on('message', (answer: AnswerMessage | typeof READY) => {
      if (answer === READY) {
        worker.ready = true
        assign()
      } else {
        const pending = worker.jobs.get(answer.id)
        worker.jobs.delete(answer.id)
        if (pending) {
          worker.bytes -= bytesOf(pending.message)
          takeAnswer(pending, answer)
        }
      }
      // Once it is closed the workers are waited for: an answer that comes late must not let the process end before.
      if (worker.jobs.size === 0 && !closed) thread.unref()
    })
    thread.on('error', (error) => lose(worker, error))
    thread.on('exit', (code) => lose(worker, new SquashfsError('WORKER', `a worker ended with code ${code}`)))
    workers.push(worker)
  }

  /** Gives the jobs that wait, in their order, to workers that have room; what is left may be for the calling thread. */
  function assign(): void {
    if (closed) return
    const ready = workers.filter((worker) => worker.ready)
    while (urgent.length + queue.length > 0) {
      const worker = leastBusy(ready)
      if (!worker || !hasRoom(worker)) break
      const job = nextForWorker()
      if (!job) break
      worker.jobs.set(job.message.id, job)
      worker.bytes += bytesOf(job.message)
      worker.thread.ref()
      worker.thread.postMessage(job.message)
    }
    const mine = callerWorks ? !(areSlow && ready.length > 0) || needsCaller : ready.length === 0
    while (mine && ownJobs < callerJobs) {
      const job = urgent.shift() ?? queue.shift()
      if (!job) break
      void doMyself(job)
    }
  }

  function hasRoom({ jobs, bytes }: PoolWorker): boolean {
    return areSlow ? jobs.size < JOBS_PER_WORKER : jobs.size < MOST_JOBS_AHEAD && bytes < BYTES_AHEAD
  }

  /** Where the calling thread works it is left the short jobs, so that it soon has time again to put results in order. */
  function nextForWorker(): Pending | undefined {
    if (!needsCaller)
      return callerWorks ? (queue.shift() ?? urgent.shift()) : (urgent.shift() ?? queue.shift())
    const n = queue.findIndex(({ message }) => message.name !== 'read')
    return n < 0 ? undefined : queue.splice(n, 1)[0]
  }

  /** Does a job on this thread, when what else is waiting had its turn. */
  async function doMyself(job: Pending): Promise<void> {
    ownJobs++
    await setImmediate()
    if (closed) return job.reject(stopped())
    const answer = await executor.run(job.message)
    ownJobs--
    if (closed) executor.close() // what was opened meanwhile
    takeAnswer(job, answer)
  }

  function takeAnswer({ message, resolve, reject }: Pending, answered: AnswerMessage): void {
    if (message.name === 'stat') namesSeen += answered.calls
    calls += answered.calls
    slowCalls += answered.slowCalls
    const { missingCodec } = answered
    if (missingCodec) reject(new CodecError(missingCodec.codec, missingCodec.reason))
    else if ('error' in answered) reject(answered.error)
    else resolve(answered.answer as never)
    if (calls >= SAMPLE) judgeCalls()
    if (message.name === 'stat') spawnFor(namesSeen / NAMES_PER_WORKER)
    assign()
  }

  function spawnFor(paid: number): void {
    while (!closed && workers.length < Math.min(mostWorkers, Math.floor(paid))) spawn()
  }

  /** Three times as many workers each time that most calls were slow: soon enough, and few for a hiccup or a busy machine. */
  function judgeCalls(): void {
    const slow = slowCalls > calls / 2
    const more = slow ? Math.max(4, 2 * workers.length) : 0
    for (let n = 0; n < more && workers.length < MOST_SLOW_WORKERS; n++) spawn()
    areSlow ||= slow
    calls = 0
    slowCalls = 0
  }

  function lose(worker: PoolWorker, error: unknown): void {
    const at = workers.indexOf(worker)
    if (at >= 0) workers.splice(at, 1)
    for (const { reject } of worker.jobs.values()) reject(error)
    worker.jobs.clear()
    if (closed || workers.length > 0) return
    for (const { reject } of [...urgent.splice(0), ...queue.splice(0)]) reject(error)
  }

  return {
    run: (name, ask) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(stopped())
        const job = { message: { id: nextId++, name, ask } as JobMessage, resolve, reject }
        ;(name === 'encode' ? urgent : queue).push(job)
        assign()
      }),
    expect: ({ names = 0, bytes = 0 }) =>
      needsCaller ? undefined : spawnFor(names / NAMES_PER_WORKER + bytes / BYTES_PER_WORKER),
    jobsWanted: () => Math.max(8, 2 * JOBS_PER_WORKER * workers.length),
    areSlow: () => areSlow,
    async close() {
      closed = true
      executor.close()
      for (const { reject } of [...urgent.splice(0), ...queue.splice(0)]) reject(stopped())
      await Promise.all(workers.map(terminate))
    },
  }
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
    signal.throwIfAborted() // what failed because the workers were stopped is not the reason
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    await pool.close()
  }
}

/** What becomes of a job that nobody will do any more. */
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

/** What a job has to do with, as far as that says how long it takes. */
function bytesOf({ name, ask }: JobMessage): number {
  if (name === 'read') return ask.buffer.byteLength
  if (name === 'encode') return ask.parts.reduce((sum, { length }) => sum + length, 0)
  return 0
}

/**
 * Terminates a worker, once it is ready: where it is terminated while it loads its modules, their descriptors stay open,
 * and the end of a native one's loading takes the whole process with it.
 */
async function terminate({ thread, started }: PoolWorker): Promise<void> {
  thread.ref()
  await started
  await thread.terminate()
}

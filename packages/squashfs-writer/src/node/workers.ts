/**
 * Workers: who reads the source. On few cores the main thread itself, between other things, and a thread that helps where
 * there is much to do; on more, some threads; where every call waits for a network, many.
 */
import { availableParallelism } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { SquashfsError } from '../errors.js'
import { createJobRunner } from './job-runner.js'
import {
  type AnswerMessage,
  type Failure,
  type JobMessage,
  type JobName,
  type Jobs,
  toSend,
  UP,
} from './jobs.js'

/** Jobs given to a worker at a time: one at work, one waiting, so that it never idles for the main thread. */
const JOBS_PER_WORKER = 2
/** Names looked at after which, on two cores, a thread that helps is worth its start: their contents are still to come. */
const MANY_NAMES = 40_000
/** Metadata calls that are looked at before it is decided whether calls are slow. */
const SAMPLE = 16
/** Bytes of a file above which the main thread leaves its digest to another: it would be kept from all else too long. */
const LONG_DIGEST = 33_554_432
/** Threads when calls are slow: so many calls are then in flight. A thread costs a core 60 ms before its first call. */
const MOST_WORKERS = Math.min(32, Math.max(12, 4 * availableParallelism()))

export interface Workers {
  /**
   * Has a job done by the next that is free.
   * @param moved buffers that go to the worker rather than being copied.
   * @throws JobError when the job as a whole failed.
   */
  run<N extends JobName>(name: N, ask: Jobs[N]['ask'], moved?: ArrayBuffer[]): Promise<Jobs[N]['answer']>
  /** How many jobs at a time keep everyone busy, with some to spare. */
  jobsWanted(): number
  /** Whether calls are slow: whoever makes them only waits, so that all should have some. */
  areSlow(): boolean
  /** Ends all threads; jobs under way, and those that come after, are rejected. */
  close(): Promise<void>
}

/** A job that failed as a whole, which is a fault of this library or the end of its thread. */
class JobError extends SquashfsError {
  override name = 'JobError'
  constructor(failure: Failure) {
    super('WORKER', `a reading thread failed: ${failure.message} (${failure.code})`)
  }
}

interface Pending {
  readonly message: JobMessage
  readonly moved: ArrayBuffer[]
  readonly resolve: (answer: never) => void
  readonly reject: (error: unknown) => void
}

interface Hand {
  readonly worker: Worker
  /** Done when its modules are loaded, or it has ended. */
  readonly started: Promise<unknown>
  up: boolean
  readonly jobs: Map<number, Pending>
}

/**
 * @param cores what the work may use. With one or two, which compression fills, the main thread does jobs, as long as calls
 * are quick; of two a thread takes a share when names are many, since small files leave compression little to do.
 */
function createWorkers(cores: number): Workers {
  const fewCores = cores <= 2
  const hands: Hand[] = []
  const waiting: Pending[] = []
  let nextId = 0
  let namesSeen = 0
  /** Of the calls since it was last decided whether they are slow. */
  let calls = 0
  let slowCalls = 0
  let areSlow = false
  let closed = false
  const runner = createJobRunner()
  let atWorkMyself = false

  function hire(): void {
    const worker = new Worker(new URL('./worker.cjs', import.meta.url), { execArgv: [] })
    const started = new Promise((resolve) => worker.once('message', resolve).once('exit', resolve))
    const hand: Hand = { worker, started, up: false, jobs: new Map() }
    worker.on('message', (answer: AnswerMessage | typeof UP) => {
      if (answer === UP) {
        hand.up = true
        assign()
      } else {
        const pending = hand.jobs.get(answer.id)
        hand.jobs.delete(answer.id)
        if (pending) takeAnswer(pending, answer)
      }
      if (hand.jobs.size === 0) worker.unref()
    })
    worker.on('error', (error) => lose(hand, error))
    worker.on('exit', (code) =>
      lose(hand, new SquashfsError('WORKER', `a reading thread ended with code ${code}`)),
    )
    hands.push(hand)
  }

  /** Gives the jobs that wait, in their order, to threads that have room; what is left may be for the main thread. */
  function assign(): void {
    if (closed) return
    const ready = hands.filter(({ up }) => up)
    while (waiting.length > 0) {
      const hand = idlest(ready)
      if (!hand || hand.jobs.size >= JOBS_PER_WORKER) break
      give(waiting.shift()!, hand)
    }
    const mine = fewCores && !(areSlow && ready.length > 0)
    if (!mine || atWorkMyself) return
    const next = waiting.findIndex(({ message }) => !isLong(message))
    if (next >= 0) void doMyself(waiting.splice(next, 1)[0]!)
  }

  function give(job: Pending, hand: Hand): void {
    hand.jobs.set(job.message.id, job)
    hand.worker.ref()
    hand.worker.postMessage(toSend(job.message), job.moved)
  }

  /** Does a job on this thread, when what else is waiting had its turn. */
  async function doMyself(job: Pending): Promise<void> {
    atWorkMyself = true
    await setImmediate()
    if (closed) return job.reject(stopped())
    const answer = await runner.run(job.message).catch((error: unknown) => job.reject(error))
    atWorkMyself = false
    if (closed) runner.close() // what was opened meanwhile
    if (answer) takeAnswer(job, answer)
    else assign()
  }

  function takeAnswer({ message, resolve, reject }: Pending, answered: AnswerMessage): void {
    const { answer, failure, ...made } = answered
    if (message.name === 'look') namesSeen += made.calls
    calls += made.calls
    slowCalls += made.slowCalls
    if (failure) reject(new JobError(failure))
    else resolve(answer as never)
    if (calls >= SAMPLE) judgeCalls()
    if (cores === 2 && hands.length === 0 && namesSeen >= MANY_NAMES) hire()
    assign()
  }

  /** Three times as many threads each time that most calls were slow: soon enough, and few for a hiccup or a busy machine. */
  function judgeCalls(): void {
    const slow = slowCalls > calls / 2
    const more = slow ? Math.max(4, 2 * hands.length) : 0
    for (let n = 0; n < more && hands.length < MOST_WORKERS; n++) hire()
    areSlow ||= slow
    calls = 0
    slowCalls = 0
  }

  function lose(hand: Hand, error: unknown): void {
    const at = hands.indexOf(hand)
    if (at >= 0) hands.splice(at, 1)
    for (const { reject } of hand.jobs.values()) reject(error)
    hand.jobs.clear()
    if (closed || hands.length > 0) return
    for (const { reject } of waiting.splice(0)) reject(error)
  }

  const readers = fewCores ? 0 : Math.ceil(cores / 2)
  for (let n = 0; n < readers; n++) hire()

  return {
    run: (name, ask, moved = []) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(stopped())
        const job = { message: { id: nextId++, name, ask } as JobMessage, moved, resolve, reject }
        if (hands.length === 0 && isLong(job.message)) hire()
        waiting.push(job)
        assign()
      }),
    jobsWanted: () => Math.max(8, 2 * JOBS_PER_WORKER * hands.length),
    areSlow: () => areSlow,
    async close() {
      closed = true
      runner.close()
      for (const { reject } of waiting.splice(0)) reject(stopped())
      await Promise.all(hands.map(dismiss))
    },
  }
}

/**
 * Has workers at hand for as long as something takes.
 * @throws what `use` throws; once the signal is aborted its reason.
 */
export async function withWorkers<T>(
  cores: number,
  signal: AbortSignal,
  use: (workers: Workers) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const workers = createWorkers(cores)
  const stop = () => void workers.close()
  signal.addEventListener('abort', stop)
  try {
    return await use(workers)
  } catch (error) {
    signal.throwIfAborted() // what failed because the threads were stopped is not the reason
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    await workers.close()
  }
}

/** What becomes of a job that nobody will do any more. */
function stopped(): SquashfsError {
  return new SquashfsError('WORKER', 'the reading was stopped')
}

function idlest(hands: readonly Hand[]): Hand | undefined {
  return hands.reduce<Hand | undefined>(
    (best, hand) => (best && best.jobs.size <= hand.jobs.size ? best : hand),
    undefined,
  )
}

/**
 * Ends a thread, once it is up: where it is ended while it loads its modules, their descriptors stay open, and the end of
 * a native one's loading takes the whole process with it.
 */
async function dismiss({ worker, started }: Hand): Promise<void> {
  worker.ref()
  await started
  await worker.terminate()
}

function isLong({ name, ask }: JobMessage): boolean {
  return name === 'digest' && ask.item.size > LONG_DIGEST
}

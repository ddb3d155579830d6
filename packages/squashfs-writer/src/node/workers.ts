/**
 * Workers: who reads the source. On few cores the main thread itself, between other things; on more, some threads; where
 * every call waits for a network, many.
 */
import { availableParallelism } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { SquashfsError } from '../errors.js'
import { createJobRunner } from './job-runner.js'
import { type AnswerMessage, type Failure, type JobMessage, type JobName, type Jobs, toSend } from './jobs.js'

/** Jobs given to a worker at a time: one at work, one waiting, so that it never idles for the main thread. */
const JOBS_PER_WORKER = 2
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
  /** Ends all threads; jobs under way are dropped. */
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
  readonly jobs: Map<number, Pending>
}

/**
 * @param count threads to begin with; with 0 the main thread does the jobs, until they are many and slow, or long.
 */
export function createWorkers(count: number): Workers {
  const hands: Hand[] = []
  const waiting: Pending[] = []
  let nextId = 0
  let nextWaiting = 0
  let calls = 0
  let slowCalls = 0
  let closed = false
  const runner = createJobRunner()
  let ownWork: Promise<unknown> = Promise.resolve()

  /** Does a job on this thread: when the jobs before it are done, and what else is waiting had its turn. */
  function doMyself(pending: Pending): void {
    ownWork = ownWork.then(async () => {
      await setImmediate()
      if (closed) return pending.reject(new SquashfsError('WORKER', 'the reading was stopped'))
      try {
        takeAnswer(pending, await runner.run(pending.message))
      } catch (error) {
        pending.reject(error)
      }
    })
  }

  function hire(): void {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { execArgv: [] })
    const hand: Hand = { worker, jobs: new Map() }
    worker.on('message', (answer: AnswerMessage) => {
      const pending = hand.jobs.get(answer.id)
      hand.jobs.delete(answer.id)
      if (hand.jobs.size === 0) worker.unref()
      if (pending) takeAnswer(pending, answer)
    })
    worker.on('error', (error) => lose(hand, error))
    worker.on('exit', (code) =>
      lose(hand, new SquashfsError('WORKER', `a reading thread ended with code ${code}`)),
    )
    worker.unref()
    hands.push(hand)
  }

  function takeAnswer({ resolve, reject }: Pending, { answer, failure, ...counts }: AnswerMessage): void {
    calls += counts.calls
    slowCalls += counts.slowCalls
    if (failure) reject(new JobError(failure))
    else resolve(answer as never)
    hireForSlowCalls()
    assign()
  }

  /** Three times as many threads each time that most calls were slow: soon enough, and none for a hiccup or a busy machine. */
  function hireForSlowCalls(): void {
    if (calls < SAMPLE) return
    const more = slowCalls > calls / 2 ? Math.max(4, 2 * hands.length) : 0
    for (let n = 0; n < more && hands.length < MOST_WORKERS; n++) hire()
    calls = 0
    slowCalls = 0
  }

  function lose(hand: Hand, error: unknown): void {
    const at = hands.indexOf(hand)
    if (at >= 0) hands.splice(at, 1)
    for (const { reject } of hand.jobs.values()) reject(error)
    hand.jobs.clear()
    if (closed || hands.length > 0) return
    for (const { reject } of waiting.splice(nextWaiting)) reject(error)
  }

  function assign(): void {
    if (closed) return
    for (let job = waiting[nextWaiting]; job; job = waiting[nextWaiting]) {
      const hand = hands.reduce((idlest, h) => (h.jobs.size < idlest.jobs.size ? h : idlest))
      if (hand.jobs.size >= JOBS_PER_WORKER) return
      nextWaiting++
      hand.jobs.set(job.message.id, job)
      hand.worker.ref()
      hand.worker.postMessage(toSend(job.message), job.moved)
    }
    waiting.length = 0
    nextWaiting = 0
  }

  for (let n = 0; n < count; n++) hire()

  return {
    run: (name, ask, moved = []) =>
      new Promise((resolve, reject) => {
        const pending = { message: { id: nextId++, name, ask } as JobMessage, moved, resolve, reject }
        if (hands.length === 0 && isLong(pending.message)) hire()
        if (hands.length === 0) doMyself(pending)
        else {
          waiting.push(pending)
          assign()
        }
      }),
    jobsWanted: () => Math.max(8, 2 * JOBS_PER_WORKER * hands.length),
    async close() {
      closed = true
      runner.close()
      await Promise.all(hands.map(({ worker }) => worker.terminate()))
    },
  }
}

function isLong({ name, ask }: JobMessage): boolean {
  return name === 'digest' && ask.item.size > LONG_DIGEST
}

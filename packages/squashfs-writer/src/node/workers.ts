/** Workers: the threads that read the source. A few on a fast disk; many where every call waits for a network. */
import { Worker } from 'node:worker_threads'
import { SquashfsError } from '../errors.js'
import type { AnswerMessage, Failure, JobMessage, JobName, Jobs } from './jobs.js'

/** Jobs given to a worker at a time: one at work, one waiting, so that it never idles for the main thread. */
const JOBS_PER_WORKER = 2
/** Metadata calls that are looked at before it is decided whether calls are slow. */
const SAMPLE = 16
/** Threads when calls are slow: so many calls are then in flight. */
const MOST_WORKERS = 32

export interface Workers {
  /**
   * Gives a job to the next free worker.
   * @param moved buffers that go to the worker rather than being copied.
   * @throws JobError when the job as a whole failed.
   */
  run<N extends JobName>(name: N, ask: Jobs[N]['ask'], moved?: ArrayBuffer[]): Promise<Jobs[N]['answer']>
  /** How many jobs at a time keep all threads busy, with some to spare. */
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
 * @param count threads to begin with, at least 1.
 */
export function createWorkers(count: number): Workers {
  const hands: Hand[] = []
  const waiting: Pending[] = []
  let nextId = 0
  let nextWaiting = 0
  let calls = 0
  let slowCalls = 0
  let closed = false

  function hire(): void {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      // Its answers live short: a small young generation keeps their garbage small.
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    })
    const hand: Hand = { worker, jobs: new Map() }
    worker.on('message', (message: AnswerMessage) => takeAnswer(hand, message))
    worker.on('error', (error) => lose(hand, error))
    worker.on('exit', (code) =>
      lose(hand, new SquashfsError('WORKER', `a reading thread ended with code ${code}`)),
    )
    worker.unref()
    hands.push(hand)
  }

  function takeAnswer(hand: Hand, message: AnswerMessage): void {
    const pending = hand.jobs.get(message.id)
    hand.jobs.delete(message.id)
    if (hand.jobs.size === 0) hand.worker.unref()
    calls += message.calls
    slowCalls += message.slowCalls
    if (message.failure) pending?.reject(new JobError(message.failure))
    else pending?.resolve(message.answer as never)
    assign()
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
    if (calls >= SAMPLE) {
      // Twice as many threads each time that most calls were slow: soon enough, and none for a hiccup or a busy machine.
      const more = slowCalls > calls / 2 && waiting.length > nextWaiting ? hands.length : 0
      for (let n = 0; n < more && hands.length < MOST_WORKERS; n++) hire()
      calls = 0
      slowCalls = 0
    }
    for (let job = waiting[nextWaiting]; job; job = waiting[nextWaiting]) {
      const hand = hands.reduce((idlest, h) => (h.jobs.size < idlest.jobs.size ? h : idlest))
      if (hand.jobs.size >= JOBS_PER_WORKER) return
      nextWaiting++
      hand.jobs.set(job.message.id, job)
      hand.worker.ref()
      hand.worker.postMessage(job.message, job.moved)
    }
    waiting.length = 0
    nextWaiting = 0
  }

  for (let n = 0; n < count; n++) hire()

  return {
    run: (name, ask, moved = []) =>
      new Promise((resolve, reject) => {
        if (hands.length === 0) throw new SquashfsError('WORKER', 'no reading thread is left')
        waiting.push({ message: { id: nextId++, name, ask } as JobMessage, moved, resolve, reject })
        assign()
      }),
    jobsWanted: () => 2 * JOBS_PER_WORKER * hands.length,
    async close() {
      closed = true
      await Promise.all(hands.map(({ worker }) => worker.terminate()))
    },
  }
}

/**
 * Walk: visits every folder below one. On this thread, as long as the file system answers at once; where it does not,
 * because a network answers, on many threads, so that many calls are under way at a time.
 */
import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { ByteString } from 'squashfs-writer/paths'
import type { Entry } from './entry.js'
import { createVisitor, type Visit, type Visitor, type VisitPlan } from './visit.js'

/** Milliseconds for each entry, above which it is not this machine that answers. */
const slowEntry = 0.5
/** Entries after which that is judged. */
const sample = 100
const mostThreads = 24
/** Milliseconds of work after which others have their turn: Ctrl-C, the progress bar. */
const turn = 50

/**
 * All entries, the folder itself first.
 * @throws the signal's reason when it is aborted.
 */
export async function walk(plan: VisitPlan, signal?: AbortSignal): Promise<readonly Entry[]> {
  const visitor = createVisitor(plan)
  signal?.throwIfAborted()
  const state: State = { entries: [visitor.root()], pending: [''], failures: new Map() }
  const isSlow = await walkHere(visitor, state, signal)
  if (isSlow) await walkOnThreads(plan, state, signal)
  return withFailures(state)
}

interface State {
  readonly entries: Entry[]
  /** Folders that are still to be visited. */
  readonly pending: ByteString[]
  /** Folders that could not be listed. */
  readonly failures: Map<ByteString, string>
}

/** Visits folders until none is left; or until it is clear that this will take long, and then gives true. */
async function walkHere(visitor: Visitor, state: State, signal?: AbortSignal): Promise<boolean> {
  let worked = 0
  let turnBegan = performance.now()
  for (let folder = state.pending.pop(); folder !== undefined; folder = state.pending.pop()) {
    take(state, folder, visitor.visit(folder))
    const inTurn = performance.now() - turnBegan
    const { length } = state.entries
    if (length >= sample && worked + inTurn > slowEntry * length) return true
    if (inTurn < turn) continue
    worked += inTurn
    await setImmediate()
    signal?.throwIfAborted()
    turnBegan = performance.now()
  }
  return false
}

/** Level by level: the folders of one are shared out among the threads, which come when there is work for them. */
async function walkOnThreads(plan: VisitPlan, state: State, signal?: AbortSignal): Promise<void> {
  const threads: Worker[] = []
  try {
    while (state.pending.length > 0) {
      const level = state.pending.splice(0)
      const lanes = Array.from({ length: Math.min(mostThreads, level.length) }, async (_, n) => {
        const thread = threads[n] ?? startThread(plan)
        threads[n] = thread
        for (let folder = level.pop(); folder !== undefined; folder = level.pop())
          take(state, folder, await visitOn(thread, folder, signal))
      })
      await Promise.all(lanes)
    }
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()))
  }
}

function startThread(plan: VisitPlan): Worker {
  return new Worker(new URL('./visit-thread.js', import.meta.url), { workerData: plan, execArgv: [] })
}

async function visitOn(thread: Worker, folder: ByteString, signal?: AbortSignal): Promise<Visit> {
  thread.postMessage(folder)
  const [visit] = await once(thread, 'message', signal ? { signal } : {})
  return visit as Visit
}

function take({ entries, pending, failures }: State, folder: ByteString, visit: Visit): void {
  if (visit.failure !== null) failures.set(folder, visit.failure)
  for (const entry of visit.entries) {
    entries.push(entry)
    if (entry.kind === 'folder') pending.push(entry.path)
  }
}

function withFailures({ entries, failures }: State): readonly Entry[] {
  if (failures.size === 0) return entries
  return entries.map((entry) => {
    const failure = failures.get(entry.path)
    return failure === undefined ? entry : { ...entry, failure }
  })
}

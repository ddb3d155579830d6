/**
 * Walk: visits every folder below one. On this thread, as long as the file system answers at once; where it does not,
 * because a network answers, on many threads, so that many calls are under way at a time.
 */
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

async function walkOnThreads(plan: VisitPlan, state: State, signal?: AbortSignal): Promise<void> {
  const idle: Worker[] = []
  const atWork = new Map<Worker, ByteString>()
  const threads = () => idle.length + atWork.size
  try {
    await new Promise<void>((done, fail) => {
      signal?.addEventListener('abort', () => fail(signal.reason), { once: true })
      const start = (): Worker => {
        const worker = new Worker(new URL('./visit-thread.js', import.meta.url), {
          workerData: plan,
          execArgv: [],
        })
        worker.on('error', fail)
        worker.on('message', (visit: Visit) => {
          take(state, atWork.get(worker) ?? '', visit)
          atWork.delete(worker)
          idle.push(worker)
          assign()
        })
        return worker
      }
      const assign = (): void => {
        while (state.pending.length > 0 && (idle.length > 0 || threads() < mostThreads)) {
          const worker = idle.pop() ?? start()
          const folder = state.pending.pop() ?? ''
          atWork.set(worker, folder)
          worker.postMessage(folder)
        }
        if (atWork.size === 0) done()
      }
      assign()
    })
  } finally {
    await Promise.all([...idle, ...atWork.keys()].map((worker) => worker.terminate()))
  }
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

/** Pool worker: a thread of the pool, as the calling thread knows it: its jobs, and when it begins and ends. */
import { Worker } from 'node:worker_threads'
import { SquashfsError } from '../../errors.js'
import {
  BUFFER_SIZE,
  type ExecutorSetup,
  type JobMessage,
  type READY,
  type ResponseMessage,
} from './protocol.js'

/** A job that waits for its answer. */
export interface Pending {
  readonly message: JobMessage
  readonly resolve: (response: never) => void
  readonly reject: (error: unknown) => void
}

/** A worker, as the calling thread knows it. */
export class PoolWorker {
  readonly #thread: Worker
  /** Resolved when its modules are loaded, or it has ended. */
  readonly #started: Promise<unknown>
  readonly jobs = new Map<number, Pending>()
  ready = false
  /** Bytes that its jobs have to read or encode. */
  bytes = 0

  constructor(setup: ExecutorSetup) {
    this.#thread = new Worker(new URL('./worker.js', import.meta.url), { execArgv: [], workerData: setup })
    this.#started = new Promise((resolve) => this.#thread.once('message', resolve).once('exit', resolve))
  }

  listen(
    onMessage: (message: ResponseMessage | typeof READY) => void,
    onEnd: (error: unknown) => void,
  ): void {
    this.#thread.on('message', onMessage)
    this.#thread.on('error', onEnd)
    this.#thread.on('exit', (code) => onEnd(new SquashfsError('WORKER', `a worker ended with code ${code}`)))
  }

  /** It keeps the process alive until it has answered. */
  send(job: Pending): void {
    this.jobs.set(job.message.id, job)
    this.bytes += bytesOf(job.message)
    this.#thread.ref()
    this.#thread.postMessage(job.message)
  }

  /** @returns the job that was answered. */
  take(id: number): Pending | undefined {
    const job = this.jobs.get(id)
    this.jobs.delete(id)
    if (job) this.bytes -= bytesOf(job.message)
    return job
  }

  /** Without a job it lets the process end. */
  restIfIdle(): void {
    if (this.jobs.size === 0) this.#thread.unref()
  }

  /**
   * Ends it once it is ready: where a thread is terminated while it loads its modules, their descriptors stay open, and the end
   * of a native one's loading takes the whole process with it.
   */
  async terminate(): Promise<void> {
    this.#thread.ref()
    await this.#started
    await this.#thread.terminate()
  }
}

/** Bytes that a job has to read or encode. */
function bytesOf({ name, request }: JobMessage): number {
  if (name === 'read') return Math.min(BUFFER_SIZE, request.buffer.byteLength)
  if (name === 'encode') return request.parts.reduce((sum, { length }) => sum + length, 0)
  return 0
}

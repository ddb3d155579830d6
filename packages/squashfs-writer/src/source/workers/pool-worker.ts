/** Pool worker: a worker of the pool in the calling thread: its jobs, its start and its end. */
import { Worker } from 'node:worker_threads'
import { SquashfsError } from '../../errors.js'
import {
  BUFFER_SIZE,
  type ExecutorSetup,
  type JobMessage,
  type READY,
  type ResponseMessage,
} from './protocol.js'

/** A job that waits for its response. */
export interface Pending {
  readonly message: JobMessage
  readonly resolve: (response: never) => void
  readonly reject: (error: unknown) => void
}

/** The part of a worker thread that the pool uses. It is not Node's type, so that users of the package need no types of Node. */
export interface WorkerThread {
  on(event: 'message', listener: (message: ResponseMessage | typeof READY) => void): unknown
  on(event: 'error', listener: (error: unknown) => void): unknown
  on(event: 'exit', listener: (code: number) => void): unknown
  once(event: 'message' | 'exit', listener: (value: unknown) => void): unknown
  postMessage(message: JobMessage): void
  ref(): void
  unref(): void
  terminate(): Promise<unknown>
}

export function startThread(setup: ExecutorSetup): WorkerThread {
  return new Worker(new URL('./worker.js', import.meta.url), { execArgv: [], workerData: setup })
}

export class PoolWorker {
  readonly #thread: WorkerThread
  /** Resolved when its modules are loaded, or it has ended. */
  readonly #started: Promise<unknown>
  readonly jobs = new Map<number, Pending>()
  ready = false
  /** Bytes to read or encode in its jobs. */
  bytes = 0

  constructor(thread: WorkerThread) {
    this.#thread = thread
    this.#started = new Promise((resolve) => {
      thread.once('message', resolve)
      thread.once('exit', resolve)
    })
  }

  listen(
    onMessage: (message: ResponseMessage | typeof READY) => void,
    onEnd: (error: unknown) => void,
  ): void {
    this.#thread.on('message', onMessage)
    this.#thread.on('error', onEnd)
    this.#thread.on('exit', (code) => onEnd(new SquashfsError('WORKER', `a worker ended with code ${code}`)))
  }

  /** Sends a job. The worker keeps the process alive until it has responded. */
  send(job: Pending): void {
    this.jobs.set(job.message.id, job)
    this.bytes += bytesOf(job.message)
    this.#thread.ref()
    this.#thread.postMessage(job.message)
  }

  /** Removes the job to which a response belongs. */
  take(id: number): Pending | undefined {
    const job = this.jobs.get(id)
    this.jobs.delete(id)
    if (job) this.bytes -= bytesOf(job.message)
    return job
  }

  /** Allows the process to end if the worker has no jobs. */
  restIfIdle(): void {
    if (this.jobs.size === 0) this.#thread.unref()
  }

  /**
   * Terminates the worker after its modules are loaded. If a thread is terminated while it loads modules, their descriptors stay
   * open, and if it loads a native module, the whole process ends.
   */
  async terminate(): Promise<void> {
    this.#thread.ref()
    await this.#started
    await this.#thread.terminate()
  }
}

/** Bytes to read or encode in a job. */
function bytesOf({ name, request }: JobMessage): number {
  if (name === 'read') return Math.min(BUFFER_SIZE, request.buffer.byteLength)
  if (name === 'encode') return request.parts.reduce((sum, { length }) => sum + length, 0)
  return 0
}

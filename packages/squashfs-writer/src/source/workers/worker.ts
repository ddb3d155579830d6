/** A worker: a thread that does the jobs that it is sent. */
import { parentPort, workerData } from 'node:worker_threads'
import { CodecError } from '../../errors.js'
import { Executor } from './executor.js'
import { type ExecutorSetup, type JobMessage, type Jobs, READY, type ResponseMessage } from './protocol.js'

async function serve(): Promise<void> {
  const executor = new Executor(workerData as ExecutorSetup, null)
  // Before it says that it is ready: where a thread is terminated while it loads a native module, the whole process ends.
  await executor.prepare()
  let before: Promise<unknown> = Promise.resolve()
  parentPort?.on('message', (job: JobMessage) => {
    before = before.then(async () => {
      const response = await executor.run(job)
      parentPort?.postMessage(sendable(response), moved(job, response))
    })
  })
  parentPort?.postMessage(READY)
}

/** Structured clone makes a plain Error of every error, so errors of a class of their own go as data. */
function sendable({ error, ...response }: ResponseMessage): ResponseMessage {
  if (error instanceof CodecError)
    return { ...response, missingCodec: { codec: error.codec, reason: error.cause } }
  return error === undefined ? response : { ...response, error }
}

/** Buffers that go to the calling thread without being copied: those of encoded blocks. */
function moved(job: JobMessage, { response }: ResponseMessage): ArrayBuffer[] {
  if (job.name !== 'encode' || response === undefined) return []
  const { buffer } = (response as Jobs['encode']['response']).data
  return buffer instanceof ArrayBuffer ? [buffer] : []
}

void serve() // an error ends the thread, and the calling thread sees that

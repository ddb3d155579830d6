/** Worker: the entry point of a worker, which does the jobs that it receives. */
import { parentPort, workerData } from 'node:worker_threads'
import { CodecError } from '../../errors.js'
import { Executor } from './executor.js'
import { type ExecutorSetup, type JobMessage, type Jobs, READY, type ResponseMessage } from './protocol.js'

async function serve(): Promise<void> {
  const executor = new Executor(workerData as ExecutorSetup, null)
  // Before the READY message: if a thread is terminated while it loads a native module, the whole process ends.
  await executor.prepare()
  let before: Promise<unknown> = Promise.resolve()
  parentPort?.on('message', (job: JobMessage) => {
    before = before.then(async () => {
      const response = await executor.run(job)
      parentPort?.postMessage(sendable(response), transferred(job, response))
    })
  })
  parentPort?.postMessage(READY)
}

/** Structured clone turns every error into a plain Error, so a CodecError is sent as data. */
function sendable({ error, ...response }: ResponseMessage): ResponseMessage {
  if (error instanceof CodecError)
    return { ...response, missingCodec: { codec: error.codec, reason: error.cause } }
  return error === undefined ? response : { ...response, error }
}

/** Buffers that are transferred to the calling thread rather than copied: those of encoded blocks. */
function transferred(job: JobMessage, { response }: ResponseMessage): ArrayBuffer[] {
  if (job.name !== 'encode' || response === undefined) return []
  const { buffer } = (response as Jobs['encode']['response']).data
  return buffer instanceof ArrayBuffer ? [buffer] : []
}

void serve() // an error ends the thread, and the calling thread sees that

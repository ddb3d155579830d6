/** A worker thread: does the jobs that it is sent. */
import { parentPort } from 'node:worker_threads'
import { createJobRunner } from './job-runner.js'
import type { JobMessage } from './jobs.js'

const runner = createJobRunner()

parentPort?.on('message', async (message: JobMessage) => {
  const answer = await runner.run(message)
  parentPort?.postMessage(answer, message.name === 'read' ? [message.ask.buffer] : [])
})

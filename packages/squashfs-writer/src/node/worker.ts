/** A worker thread: does the jobs that it is sent. */
import { parentPort } from 'node:worker_threads'
import { createJobRunner } from './job-runner.js'
import { fromSent, type SentJob } from './jobs.js'

const runner = createJobRunner()

parentPort?.on('message', async (sent: SentJob) => {
  const job = fromSent(sent)
  const answer = await runner.run(job)
  parentPort?.postMessage(answer, job.name === 'read' ? [job.ask.buffer] : [])
})

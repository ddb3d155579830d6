/** A worker thread: does the jobs that it is sent. One file when built, since many threads load it at once. */
import { parentPort } from 'node:worker_threads'
import { createJobRunner } from './job-runner.js'
import { fromSent, type SentJob, UP } from './jobs.js'
import { loadSourceCalls } from './source-calls.js'

async function serve(): Promise<void> {
  await loadSourceCalls()
  const runner = createJobRunner()
  parentPort?.on('message', async (sent: SentJob) => {
    const job = fromSent(sent)
    const answer = await runner.run(job)
    parentPort?.postMessage(answer, job.name === 'read' ? [job.ask.buffer] : [])
  })
  parentPort?.postMessage(UP)
}

void serve() // what it throws ends the thread, and is told by it

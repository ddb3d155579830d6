/** Extract worker: the entry point of a worker that extracts files. */
import { parentPort, workerData } from 'node:worker_threads'
import { ExtractError, ImageError } from '../errors.js'
import { readImage } from '../reader/image.js'
import { descriptorSource } from './descriptor-source.js'
import { type ExtractJob, jobRunner } from './extract-job.js'
import { type ExtractTarget, extractTarget } from './extract-target.js'
import type { PlainError, Response, ThreadData } from './extract-threads.js'

const { descriptor, size, settings } = workerData as ThreadData
const opening = start()

async function start(): Promise<{ readonly target: ExtractTarget; run(job: ExtractJob): Promise<void> }> {
  const image = await readImage(descriptorSource('the image', descriptor, size))
  const target = extractTarget(image, settings)
  return { target, run: jobRunner(image, image.partReader(), target, () => {}) }
}

async function responseTo(job: ExtractJob): Promise<Response> {
  try {
    const { target, run } = await opening
    await run(job)
    return target.takeWritten()
  } catch (error) {
    return { error: plain(error) }
  }
}

function plain(error: unknown): PlainError {
  if (error instanceof ExtractError)
    return { kind: 'extract', path: error.path, message: error.reason, cause: error.cause }
  if (error instanceof ImageError)
    return { kind: 'image', code: error.code, reason: error.reason, cause: error.cause }
  return { kind: 'other', error }
}

let last: Promise<void> = Promise.resolve()
parentPort?.on('message', (job: ExtractJob) => {
  last = last.then(async () => parentPort?.postMessage(await responseTo(job)))
})

/** Extract worker: what runs in a thread that writes files of an image. */
import { parentPort, workerData } from 'node:worker_threads'
import { ExtractError, ImageError } from '../errors.js'
import { InodeType } from '../format/inode.js'
import { readImage } from '../reader/image.js'
import { descriptorSource } from './descriptor-source.js'
import { extractTarget } from './extract-target.js'
import type { Answer, Batch, PlainError, ThreadData } from './extract-threads.js'

const { descriptor, size, settings } = workerData as ThreadData
const opening = readImage(descriptorSource('the image', descriptor, size))

async function write({ paths, references }: Batch): Promise<Answer> {
  try {
    const image = await opening
    const { writeFile, written } = extractTarget(image, settings, () => {})
    for (const [n, path] of paths.entries()) {
      const file = await image.at(references[n]!)
      if (file.type === InodeType.FILE) await writeFile(path, file)
    }
    return { files: written.files, bytes: written.bytes, dropped: [...written.dropped] }
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
parentPort?.on('message', (batch: Batch) => {
  last = last.then(async () => parentPort?.postMessage(await write(batch)))
})

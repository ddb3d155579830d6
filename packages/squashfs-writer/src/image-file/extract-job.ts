/** Extract job: a piece of the work that writes an image's files, small enough to pass between threads, and how it is done. */
import { InodeType } from '../format/inode.js'
import type { BlockSpan } from '../reader/block-reader.js'
import type { PartReader } from '../reader/file-content.js'
import type { ImageReader } from '../reader/image.js'
import type { ByteString } from '../tree/byte-string.js'
import type { ExtractTarget } from './extract-target.js'

/** Plain data. */
export type ExtractJob =
  | {
      readonly kind: 'files'
      /** One path for each file, joined by NUL: one string passes faster than many. */
      readonly paths: ByteString
      /** Of their inodes. */
      readonly references: Float64Array
    }
  | {
      readonly kind: 'span'
      /** For messages. */
      readonly path: ByteString
      /** The file, open for writing: descriptors are the process's, and the same in all of its threads. */
      readonly descriptor: number
      readonly span: BlockSpan
    }

/** Does one job; one at a time. */
export function jobRunner(
  image: Pick<ImageReader, 'at'>,
  parts: PartReader,
  target: ExtractTarget,
  stopped: () => void,
): (job: ExtractJob) => Promise<void> {
  async function writeFiles(paths: readonly ByteString[], references: Float64Array): Promise<void> {
    for (const [n, path] of paths.entries()) {
      stopped()
      const found = image.at(references[n]!)
      const file = found instanceof Promise ? await found : found
      if (file.type !== InodeType.FILE) continue
      const writing = target.writeFile(path, file, (write) => parts.file(file, write))
      if (writing) await writing
    }
  }

  return async (job) => {
    if (job.kind === 'files') await writeFiles(job.paths.split('\0'), job.references)
    else await parts.span(job.span, (start, bytes) => target.write(job.path, job.descriptor, bytes, start))
  }
}

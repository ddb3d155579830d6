/** Extract job: a part of the extraction that a thread can do. It is plain data, so that it can be sent to a worker. */
import { InodeType } from '../format/inode.js'
import type { BlockSpan } from '../reader/block-reader.js'
import type { PartReader } from '../reader/file-content.js'
import type { ImageReader } from '../reader/image.js'
import type { ByteString } from '../tree/byte-string.js'
import type { ExtractTarget } from './extract-target.js'

export type ExtractJob =
  | {
      /** Writes whole files. */
      readonly kind: 'files'
      /** The paths of the files, joined by NUL: one string is cloned faster than many. */
      readonly paths: ByteString
      /** Metadata references of their inodes. */
      readonly references: Float64Array
    }
  | {
      /** Writes a part of a large file. */
      readonly kind: 'span'
      /** The path in messages. */
      readonly path: ByteString
      /** The file, open for writing. All threads of a process share its descriptors. */
      readonly descriptor: number
      readonly span: BlockSpan
    }

/** Creates the function that does a job. It does one job at a time. */
export function jobRunner(
  image: Pick<ImageReader, 'at'>,
  parts: PartReader,
  target: ExtractTarget,
  throwIfAborted: () => void,
): (job: ExtractJob) => Promise<void> {
  async function writeFiles(paths: readonly ByteString[], references: Float64Array): Promise<void> {
    for (const [n, path] of paths.entries()) {
      throwIfAborted()
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

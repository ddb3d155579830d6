/**
 * Extract files: sorts files by the position of their contents in the image, so that a fragment block is decoded once for all
 * files that share it, and divides them into jobs.
 */
import { blockSizeOnDisk } from '../format/data-block.js'
import { NO_FRAGMENT } from '../format/fragment.js'
import { InodeType } from '../format/inode.js'
import type { BlockSpan } from '../reader/block-reader.js'
import type { PartReader } from '../reader/file-content.js'
import type { ImageReader } from '../reader/image.js'
import type { ImageFile } from '../reader/inode-reader.js'
import type { ByteString } from '../tree/byte-string.js'
import type { ExtractTarget } from './extract-target.js'
import type { ExtractThreads } from './extract-threads.js'

/** Number of files that are sorted together: small at first, so that the threads soon have work, then doubled up to the maximum. */
const FIRST_SORTED = 1024
const MAX_SORTED = 16_384
/** A job is full at this number of files or bytes, if the next file is in another fragment block. */
const FILES_PER_JOB = 128
const BYTES_PER_JOB = 4 << 20
/** A larger file is divided into several jobs. */
const LARGE_FILE = 16 << 20
/** Bytes of a large file in one job. */
const SPAN_BYTES = 4 << 20

export interface FileExtraction {
  /** Adds a file. Returns a promise to wait for, if this submits jobs. */
  add(file: FoundFile): void | Promise<void>
  /** Submits all remaining jobs, and waits for the large files. */
  end(): Promise<void>
  /** Waits until no file is being written, even after a failure. */
  settled(): Promise<void>
}

export interface FoundFile {
  readonly path: ByteString
  /** Metadata reference of its inode. */
  readonly reference: number
  /** Inode number. */
  readonly number: number
  /** In bytes. */
  readonly size: number
  /** Index of its fragment block. */
  readonly fragment: number
}

export function fileExtraction(
  image: Pick<ImageReader, 'at' | 'superblock'>,
  parts: PartReader,
  target: ExtractTarget,
  threads: ExtractThreads,
): FileExtraction {
  const { blockSize } = image.superblock
  let found: FoundFile[] = []
  let sortedCount = FIRST_SORTED
  const large = new Set<Promise<void>>()
  let failed: { readonly error: unknown } | null = null

  async function submitAll(): Promise<void> {
    // This library, mksquashfs and gensquashfs number inodes in the order of contents. But a duplicate of an earlier file is in
    // the fragment block of that file.
    const sorted = found.sort((a, b) => a.fragment - b.fragment || a.number - b.number)
    found = []
    let paths: ByteString[] = []
    let references: number[] = []
    let bytes = 0
    let last = NO_FRAGMENT
    for (const { path, reference, size, fragment } of sorted) {
      const isFull = paths.length >= FILES_PER_JOB || bytes >= BYTES_PER_JOB
      if (isFull && (fragment === NO_FRAGMENT || fragment !== last)) await submit()
      last = fragment
      if (size > LARGE_FILE) {
        const file = await image.at(reference)
        if (file.type === InodeType.FILE) await writeLarge(path, file)
        continue
      }
      paths.push(path)
      references.push(reference)
      bytes += size
    }
    if (paths.length > 0) await submit()

    async function submit(): Promise<void> {
      const job = {
        kind: 'files',
        paths: paths.join('\0'),
        references: Float64Array.from(references),
      } as const
      paths = []
      references = []
      bytes = 0
      await threads.submit(job)
    }
  }

  /** Writes a large file. The promise is done when all its spans are submitted. */
  async function writeLarge(path: ByteString, file: ImageFile): Promise<void> {
    if (failed) throw failed.error
    let allSubmitted = () => {}
    const submitted = new Promise<void>((resolve) => {
      allSubmitted = resolve
    })
    const writing = async () =>
      await target.writeFile(path, file, async (write, descriptor) => {
        try {
          await writeSpans(path, file, descriptor, allSubmitted)
        } finally {
          allSubmitted()
        }
        const tail = await parts.tail(file)
        if (tail !== null) write(file.size - tail.length, tail)
      })
    const whole: Promise<void> = writing()
      .catch((error: unknown) => {
        failed ??= { error }
      })
      .finally(() => {
        allSubmitted()
        large.delete(whole)
      })
    large.add(whole)
    await submitted
  }

  /** Writes the spans of a large file. The descriptor must stay open until the promise is done, even after a failure. */
  async function writeSpans(
    path: ByteString,
    file: ImageFile,
    descriptor: number,
    allSubmitted: () => void,
  ): Promise<void> {
    const waiting: Promise<void>[] = []
    try {
      const cursor = parts.spans(file)
      for (let span = await cursor.next(); span !== null; span = await cursor.next())
        for (const part of divide(span, Math.max(1, SPAN_BYTES / blockSize), blockSize)) {
          let done = () => {}
          waiting.push(
            new Promise<void>((resolve) => {
              done = resolve
            }),
          )
          await threads.submit({ kind: 'span', path, descriptor, span: part }, done)
        }
    } finally {
      allSubmitted()
      await Promise.all(waiting)
    }
  }

  return {
    add(file) {
      found.push(file)
      if (found.length < sortedCount) return
      sortedCount = Math.min(2 * sortedCount, MAX_SORTED)
      return submitAll()
    },
    async end() {
      await submitAll()
      await Promise.all(large)
      if (failed) throw failed.error
    },
    settled: async () => void (await Promise.all(large)),
  }
}

/** Divides a span into spans of at most `blocks` blocks. */
function* divide(span: BlockSpan, blocks: number, blockSize: number): Generator<BlockSpan> {
  let { position, start } = span
  for (let n = 0; n < span.words.length; n += blocks) {
    const words = span.words.slice(n, n + blocks)
    const end = Math.min(start + words.length * blockSize, span.end)
    yield { position, start, end, words }
    for (const word of words) position += blockSizeOnDisk(word)
    start = end
  }
}

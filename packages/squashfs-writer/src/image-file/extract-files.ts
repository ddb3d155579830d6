/**
 * Extract files: puts the files of an image in the order in which their contents lie in it, so that a fragment block is
 * decoded once for all files that share it, and makes jobs of them.
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

/** Files that are put in order together: few at first, so that threads soon have work; at most so many are in memory. */
const FIRST_IN_ORDER = 1024
const MOST_IN_ORDER = 16_384
/** A job is full when it has so many files, or so many bytes, and the next file lies in another fragment block. */
const FILES_IN_JOB = 128
const BYTES_IN_JOB = 4 << 20
/** A file beyond is written by several. */
const LARGE_FILE = 16 << 20
/** Bytes of it that are one job. */
const SPAN_BYTES = 4 << 20

export interface FileExtraction {
  /** A promise where work was given, and is to be waited for. */
  add(file: FoundFile): void | Promise<void>
  /** Gives what is left to the threads, and waits for the large files. */
  end(): Promise<void>
  /** Waits until no file is written any more, however that ends. */
  settled(): Promise<void>
}

export interface FoundFile {
  readonly path: ByteString
  /** Of its inode. */
  readonly reference: number
  readonly number: number
  /** Bytes. */
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
  let inOrder = FIRST_IN_ORDER
  const large = new Set<Promise<void>>()
  let failed: { readonly error: unknown } | null = null

  async function giveAll(): Promise<void> {
    // Inodes are numbered in the order of contents, by us, and by mksquashfs and gensquashfs, too. But a file with the content
    // of an earlier one lies in the fragment block of that one.
    const sorted = found.sort((a, b) => a.fragment - b.fragment || a.number - b.number)
    found = []
    let paths: ByteString[] = []
    let references: number[] = []
    let bytes = 0
    let last = NO_FRAGMENT
    for (const { path, reference, size, fragment } of sorted) {
      const isFull = paths.length >= FILES_IN_JOB || bytes >= BYTES_IN_JOB
      if (isFull && (fragment === NO_FRAGMENT || fragment !== last)) await give()
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
    if (paths.length > 0) await give()

    async function give(): Promise<void> {
      const job = {
        kind: 'files',
        paths: paths.join('\0'),
        references: Float64Array.from(references),
      } as const
      paths = []
      references = []
      bytes = 0
      await threads.give(job)
    }
  }

  /** Done when all of its spans are given. */
  async function writeLarge(path: ByteString, file: ImageFile): Promise<void> {
    if (failed) throw failed.error
    let allGiven = () => {}
    const given = new Promise<void>((resolve) => {
      allGiven = resolve
    })
    const writing = async () =>
      await target.writeFile(path, file, async (write, descriptor) => {
        try {
          await giveSpans(path, file, descriptor, allGiven)
        } finally {
          allGiven()
        }
        const tail = await parts.tail(file)
        if (tail !== null) write(file.size - tail.length, tail)
      })
    const whole: Promise<void> = writing()
      .catch((error: unknown) => {
        failed ??= { error }
      })
      .finally(() => {
        allGiven()
        large.delete(whole)
      })
    large.add(whole)
    await given
  }

  /** Done when all of its spans are written, or have failed: until then the descriptor must stay open. */
  async function giveSpans(
    path: ByteString,
    file: ImageFile,
    descriptor: number,
    allGiven: () => void,
  ): Promise<void> {
    const waiting: Promise<void>[] = []
    try {
      const cursor = parts.spans(file)
      for (let span = await cursor.next(); span !== null; span = await cursor.next())
        for (const part of cut(span, Math.max(1, SPAN_BYTES / blockSize), blockSize)) {
          let done = () => {}
          waiting.push(
            new Promise<void>((resolve) => {
              done = resolve
            }),
          )
          await threads.give({ kind: 'span', path, descriptor, span: part }, done)
        }
    } finally {
      allGiven()
      await Promise.all(waiting)
    }
  }

  return {
    add(file) {
      found.push(file)
      if (found.length < inOrder) return
      inOrder = Math.min(2 * inOrder, MOST_IN_ORDER)
      return giveAll()
    },
    async end() {
      await giveAll()
      await Promise.all(large)
      if (failed) throw failed.error
    },
    settled: async () => void (await Promise.all(large)),
  }
}

/** The same blocks in spans of at most so many. */
function* cut(span: BlockSpan, blocks: number, blockSize: number): Generator<BlockSpan> {
  let { position, start } = span
  for (let n = 0; n < span.words.length; n += blocks) {
    const words = span.words.slice(n, n + blocks)
    const end = Math.min(start + words.length * blockSize, span.end)
    yield { position, start, end, words }
    for (const word of words) position += blockSizeOnDisk(word)
    start = end
  }
}

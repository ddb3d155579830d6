/** Writes the contents of all files, in order, as blocks and fragments; each distinct content once. */
import type { Unreadable } from '../errors.js'
import type { FragmentEntry } from '../format/fragment.js'
import type { FileNode } from '../tree/node.js'
import type { BlockWriter } from './block-writer.js'
import { ContentAppender } from './content-appender.js'
import type { ContentReader, ContentRequest } from './content-reader.js'
import { planFragments } from './fragment-plan.js'
import { createFragments, type PartsEncoder } from './fragments.js'
import { leaseOf } from './lease.js'
import { PieceWriter } from './piece-writer.js'

export interface DataOptions {
  /** Bytes, a power of two. */
  readonly blockSize: number
  /** The tails that are packed into fragments: of files below the block size, of all files, of none. */
  readonly fragments: 'small-files' | 'always' | 'never'
  /** Whether equal contents are stored once. */
  readonly deduplicate: boolean
  /** Whether fragment blocks stay uncompressed. */
  readonly uncompressedFragments: boolean
  /** Whether a file that cannot be read means that there will be no image: the rest is then read for its errors only. */
  readonly failureEndsAll: boolean
  /** Whether it is certain already that there will be no image. */
  readonly errorsOnly: boolean
}

export interface DataResult {
  readonly fragments: readonly FragmentEntry[]
  readonly duplicates: { files: number; bytes: number }
  /** Files that could not be read, with the reason. */
  readonly failures: ReadonlyMap<FileNode, Omit<Unreadable, 'path'>>
}

/**
 * Writes the contents and sets each file's placement.
 *
 * @param files in the order in which they go to disk.
 * @param encodeFragment encodes the block that some tails make up.
 * @param progress called with the number of files and bytes done since its last call.
 */
export async function writeData(
  files: readonly FileNode[],
  reader: ContentReader,
  writer: BlockWriter,
  encodeFragment: PartsEncoder,
  options: DataOptions,
  progress: (files: number, bytes: number) => void,
): Promise<DataResult> {
  const { blockSize, errorsOnly, failureEndsAll } = options
  const tailSize = tailTest(options)
  const plan = planFragments(files, tailSize, blockSize)
  const fragments = createFragments(writer, encodeFragment, plan, options.uncompressedFragments)
  const wantsBlocks = () => !(errorsOnly || (failureEndsAll && pieces.failures.size > 0))
  const pieces = new PieceWriter(new ContentAppender(writer, fragments, blockSize), fragments, wantsBlocks)
  const wantsDigest = sharesSize(files, options.deduplicate)

  for await (const batch of reader.read(files, { wantsDigest, tailSize, plan, wantsBlocks })) {
    const lease = leaseOf(batch)
    fragments.offer(batch.tailBlocks, lease)
    let [filesDone, bytesDone] = [0, 0]
    for (const piece of batch.pieces) {
      const wait = writer.backpressure()
      if (wait) await wait
      pieces.write(piece, lease)
      if (piece.last) filesDone++
      bytesDone += piece.size
    }
    lease.release()
    progress(filesDone, bytesDone)
  }
  await writer.backpressure()
  await writer.drain()
  return { fragments: fragments.entries, duplicates: pieces.duplicates, failures: pieces.failures }
}

/** How many bytes at a file's end go to a fragment. */
function tailTest({ fragments, blockSize }: DataOptions): ContentRequest['tailSize'] {
  switch (fragments) {
    case 'never':
      return () => 0
    case 'always':
      return ({ size }) => size % blockSize
    case 'small-files':
      return ({ size }) => (size < blockSize ? size : 0)
  }
}

/** Only files of one size can be equal. */
function sharesSize(files: readonly FileNode[], deduplicate: boolean): ContentRequest['wantsDigest'] {
  if (!deduplicate) return () => false
  const seen = new Set<number>()
  const shared = new Set<number>()
  for (const { size } of files) (seen.has(size) ? shared : seen).add(size)
  shared.delete(0)
  return ({ size }) => shared.has(size)
}

/** Write data: writes the contents of all files, in order, as blocks and fragments. Each distinct content is written once. */
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
  /** Which tails are packed into fragments: those of files smaller than a block, of all files, or of none. */
  readonly fragments: 'small-files' | 'always' | 'never'
  /** Whether equal contents are written once. */
  readonly deduplicate: boolean
  /** Whether fragment blocks are left uncompressed. */
  readonly uncompressedFragments: boolean
  /** Whether an unreadable file prevents the image. The remaining files are then only read to find all errors. */
  readonly failOnUnreadable: boolean
  /** Whether an earlier error prevents the image, so that all files are only read to find all errors. */
  readonly errorsOnly: boolean
}

export interface DataResult {
  readonly fragments: readonly FragmentEntry[]
  readonly duplicates: { files: number; bytes: number }
  /** The files that could not be read, with the reason. */
  readonly failures: ReadonlyMap<FileNode, Omit<Unreadable, 'path'>>
}

/**
 * Writes the contents, and sets the placement of each file.
 *
 * @param files in the order in which they are written.
 * @param encodeFragment encodes a fragment block from its tails.
 * @param progress called with the number of files and bytes since the last call.
 */
export async function writeData(
  files: readonly FileNode[],
  reader: ContentReader,
  writer: BlockWriter,
  encodeFragment: PartsEncoder,
  options: DataOptions,
  progress: (files: number, bytes: number) => void,
): Promise<DataResult> {
  const { blockSize, errorsOnly, failOnUnreadable } = options
  const tailSize = tailSizeFor(options)
  const plan = planFragments(files, tailSize, blockSize)
  const fragments = createFragments(writer, encodeFragment, plan, options.uncompressedFragments)
  const wantsBlocks = () => !(errorsOnly || (failOnUnreadable && pieces.failures.size > 0))
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

/** The function that gives the number of bytes at the end of a file that go to a fragment. */
function tailSizeFor({ fragments, blockSize }: DataOptions): ContentRequest['tailSize'] {
  switch (fragments) {
    case 'never':
      return () => 0
    case 'always':
      return ({ size }) => size % blockSize
    case 'small-files':
      return ({ size }) => (size < blockSize ? size : 0)
  }
}

/** A digest is needed only for files that have the same size as another one. */
function sharesSize(files: readonly FileNode[], deduplicate: boolean): ContentRequest['wantsDigest'] {
  if (!deduplicate) return () => false
  const seen = new Set<number>()
  const shared = new Set<number>()
  for (const { size } of files) (seen.has(size) ? shared : seen).add(size)
  shared.delete(0)
  return ({ size }) => shared.has(size)
}

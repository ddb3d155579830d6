/** Data: the contents of all files, in order, to blocks and fragments; each distinct content once. */
import type { Unreadable } from '../errors.js'
import { blockSizeOnDisk, HOLE } from '../format/data-block.js'
import { type FragmentEntry, NO_FRAGMENT } from '../format/fragment.js'
import type { FileNode } from '../tree/node.js'
import type { Placement } from '../tree/placement.js'
import type { BlockWriter } from './block-writer.js'
import type { Batch, ContentReader, ContentRequest, EncodedContent, Piece } from './content-reader.js'
import { createFragments, type PartsEncoder, type Use } from './fragments.js'

export interface DataOptions {
  /** Bytes, a power of two. */
  readonly blockSize: number
  /** Which tails are packed into fragments: of files below the block size, of all files, of none. */
  readonly fragments: 'small-files' | 'always' | 'never'
  /** Whether equal contents are stored once. */
  readonly deduplicate: boolean
  /** Whether fragment blocks stay uncompressed. */
  readonly storeFragments: boolean
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
 * @param progress told how many files and bytes were dealt with since it was told last.
 */
export async function writeData(
  files: readonly FileNode[],
  reader: ContentReader,
  writer: BlockWriter,
  encodeFragment: PartsEncoder,
  options: DataOptions,
  progress: (files: number, bytes: number) => void,
): Promise<DataResult> {
  const { blockSize } = options
  const fragments = createFragments(writer, encodeFragment, blockSize, options.storeFragments)
  const failures = new Map<FileNode, Omit<Unreadable, 'path'>>()
  const duplicates = { files: 0, bytes: 0 }
  /** By digest: where the first file of a content is. */
  const originals = new Map<string, Placement>()
  /** The file that came first with its content, while its parts come. */
  let coming: { readonly digest: string; readonly file: FileNode } | null = null

  const request: ContentRequest = {
    wantsDigest: sharesSize(files, options.deduplicate),
    tailSize: tailTest(options),
    wantsBlocks: () => !(options.errorsOnly || (failures.size > 0 && options.failureEndsAll)),
  }
  for await (const batch of reader.read(files, request)) {
    const use = releaseWhenUnused(batch)
    let [filesDone, bytesDone] = [0, 0]
    for (const piece of batch.pieces) {
      const room = writer.room()
      if (room) await room
      takePiece(piece, use)
      if (piece.last) filesDone++
      bytesDone += piece.size
    }
    use.done()
    progress(filesDone, bytesDone)
  }
  await writer.room()
  fragments.finish()
  await writer.drain()
  return { fragments: fragments.entries, duplicates, failures }

  function takePiece(piece: Piece, use: Use): void {
    const { file, content, digest } = piece
    if (failures.has(file)) return // what was read ahead of the failure
    if (piece.failure) {
      failures.set(file, piece.failure)
      if (coming?.file === file) originals.delete(coming.digest)
      return
    }
    if (!request.wantsBlocks()) return
    const original = digest === null ? undefined : originals.get(digest)
    if (original) {
      file.placement = original
      duplicates.files++
      duplicates.bytes += file.size
      return
    }
    if (content === null) {
      failures.set(file, {
        code: 'CHANGED',
        message: 'it has the content of a file that could not be read to its end',
      })
      return
    }
    file.placement ??= { start: 0, blockSizes: [], sparse: 0, fragment: NO_FRAGMENT, fragmentOffset: 0 }
    if (digest !== null) {
      originals.set(digest, file.placement)
      coming = { digest, file }
    }
    if (typeof content === 'number') addZeros(file.placement, content, piece.size)
    else addContent(file.placement, content, use)
  }

  /** Zeros that were not even read; their tail goes where a tail of zeros goes that was. */
  function addZeros(placement: Placement, inBlocks: number, size: number): void {
    for (let at = 0; at < inBlocks; at += blockSize) addHole(placement, Math.min(blockSize, inBlocks - at))
    if (size > inBlocks) addTail(placement, new Uint8Array(new SharedArrayBuffer(size - inBlocks)), OWN)
  }

  function addTail(placement: Placement, tail: Uint8Array, use: Use): void {
    const { fragment, fragmentOffset } = fragments.add(tail, use)
    placement.fragment = fragment
    placement.fragmentOffset = fragmentOffset
  }

  function addHole(placement: Placement, size: number): void {
    placement.sparse += size
    placement.blockSizes.push(HOLE)
  }

  function addContent(placement: Placement, { bytes, sizeWords, inBlocks }: EncodedContent, use: Use): void {
    for (const [n, sizeWord] of sizeWords.entries()) {
      const at = n * blockSize
      if (sizeWord === HOLE) {
        addHole(placement, Math.min(blockSize, inBlocks - at))
        continue
      }
      placement.blockSizes.push(sizeWord)
      use.begin()
      writer.append(
        { data: bytes.subarray(at, at + blockSizeOnDisk(sizeWord)), sizeWord },
        (start) => {
          if (placement.start === 0) placement.start = start
        },
        use.end,
      )
    }
    if (bytes.length > inBlocks) addTail(placement, bytes.subarray(inBlocks), use)
  }
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

/** Of bytes that belong to no batch. */
const OWN: Use = { begin: () => {}, end: () => {} }

/** Counts who still needs a batch's bytes. */
function releaseWhenUnused(batch: Batch): Use & { done(): void } {
  let users = 1
  const end = () => {
    if (--users === 0) batch.release()
  }
  return { begin: () => users++, end, done: end }
}

/** Data: the contents of all files, in order, to blocks and fragments; each distinct content once. */
import type { Unreadable } from '../errors.js'
import { HOLE } from '../format/data-block.js'
import { type FragmentEntry, NO_FRAGMENT } from '../format/fragment.js'
import type { FileNode } from '../tree/node.js'
import type { Placement } from '../tree/placement.js'
import type { BlockWriter } from './block-writer.js'
import type { Batch, ContentReader, Piece, WantsDigest } from './content-reader.js'
import { createFragments, type Use } from './fragments.js'

export interface DataOptions {
  /** Bytes, a power of two. */
  readonly blockSize: number
  /** Which tails are packed into fragments: of files below the block size, of all files, of none. */
  readonly fragments: 'small-files' | 'always' | 'never'
  /** Whether equal contents are stored once. */
  readonly deduplicate: boolean
  /** Whether data blocks and fragment blocks stay uncompressed. */
  readonly storeData: boolean
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
 * @param progress told how many files and bytes were dealt with since it was told last.
 */
export async function writeData(
  files: readonly FileNode[],
  reader: ContentReader,
  writer: BlockWriter,
  options: DataOptions,
  progress: (files: number, bytes: number) => void,
): Promise<DataResult> {
  const fragments = createFragments(writer, options.blockSize, options.storeFragments)
  const failures = new Map<FileNode, Omit<Unreadable, 'path'>>()
  const duplicates = { files: 0, bytes: 0 }
  /** By digest: where the first file of a content is. */
  const originals = new Map<string, Placement>()
  /** The file that came first with its content, while its parts come. */
  let coming: { readonly digest: string; readonly file: FileNode } | null = null

  for await (const batch of reader.read(files, sharesSize(files, options.deduplicate))) {
    const release = releaseWhenUnused(batch)
    let [filesDone, bytesDone] = [0, 0]
    for (const piece of batch.pieces) {
      const room = writer.room()
      if (room) await room
      takePiece(piece, release)
      if (piece.last) filesDone++
      bytesDone += sizeOf(piece)
    }
    release.done()
    progress(filesDone, bytesDone)
  }
  fragments.finish()
  await writer.drain()
  return { fragments: fragments.entries, duplicates, failures }

  function takePiece(piece: Piece, use: Use): void {
    const { file, bytes, digest } = piece
    if (failures.has(file)) return // what was read ahead of the failure
    if (piece.failure) {
      failures.set(file, piece.failure)
      if (coming?.file === file) originals.delete(coming.digest)
      return
    }
    if (options.errorsOnly || (failures.size > 0 && options.failureEndsAll)) return
    const original = digest === null ? undefined : originals.get(digest)
    if (original) {
      file.placement = original
      duplicates.files++
      duplicates.bytes += file.size
      return
    }
    if (bytes === null) {
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
    if (typeof bytes === 'number') addZeros(file, file.placement, bytes, piece.last)
    else addBytes(file, file.placement, bytes, use)
  }

  /** Zeros that were not even read; their tail goes where a tail of zeros goes that was. */
  function addZeros(file: FileNode, placement: Placement, size: number, last: boolean): void {
    const tail = last && tailGoesToFragment(file) ? file.size % options.blockSize : 0
    addHole(placement, size - tail)
    if (tail > 0) addTail(placement, new Uint8Array(tail), OWN)
  }

  function addTail(placement: Placement, tail: Uint8Array, use: Use): void {
    const { fragment, fragmentOffset } = fragments.add(tail, use)
    placement.fragment = fragment
    placement.fragmentOffset = fragmentOffset
  }

  function addHole(placement: Placement, size: number): void {
    placement.sparse += size
    for (let at = 0; at < size; at += options.blockSize) placement.blockSizes.push(HOLE)
  }

  function addBytes(file: FileNode, placement: Placement, bytes: Uint8Array, use: Use): void {
    for (let at = 0; at < bytes.length; at += options.blockSize) {
      const block = bytes.subarray(at, at + options.blockSize)
      if (block.length < options.blockSize && tailGoesToFragment(file)) {
        addTail(placement, block, use)
      } else if (isZero(block)) {
        addHole(placement, block.length)
      } else {
        const index = placement.blockSizes.push(HOLE) - 1
        use.begin()
        writer.submit(block, options.storeData, (start, sizeWord) => {
          if (placement.start === 0) placement.start = start
          placement.blockSizes[index] = sizeWord
          use.end()
        })
      }
    }
  }

  function tailGoesToFragment(file: FileNode): boolean {
    if (options.fragments === 'never') return false
    return options.fragments === 'always' || file.size < options.blockSize
  }
}

/** Only files of one size can be equal. */
function sharesSize(files: readonly FileNode[], deduplicate: boolean): WantsDigest {
  if (!deduplicate) return () => false
  const seen = new Set<number>()
  const shared = new Set<number>()
  for (const { size } of files) (seen.has(size) ? shared : seen).add(size)
  shared.delete(0)
  return ({ size }) => shared.has(size)
}

function sizeOf(piece: Piece): number {
  if (piece.bytes === null) return piece.file.size
  return typeof piece.bytes === 'number' ? piece.bytes : piece.bytes.length
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

/** Whether all bytes are zero. */
function isZero(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0 || bytes[bytes.length - 1] !== 0) return false
  for (let n = 1; n < bytes.length; n++) if (bytes[n] !== 0) return false
  return true
}

/** File content: reads a file whole, in ranges, or as a stream. */
import { blockSizeOnDisk, HOLE } from '../format/data-block.js'
import { decodeFragmentEntry, NO_FRAGMENT } from '../format/fragment.js'
import { decodeBlockSizes } from '../format/inode.js'
import { decodeMetadataReference } from '../format/metadata-block.js'
import type { BlockReader, BlockSpan, DataBlock, TakePart } from './block-reader.js'
import { fragmentReader, spanReader } from './block-reader.js'
import type { ImageFile } from './inode-reader.js'
import type { Cursor } from './metadata-reader.js'
import type { ReaderContext } from './reader-context.js'
import { runSteps, type Steps, waitFor } from './steps.js'

/** A piece of a file, of at most one block. */
export interface FilePiece {
  /** Offset in the file. */
  readonly start: number
  readonly length: number
  /** `null` for a hole: zeros that take no space in the image. */
  readonly bytes: Uint8Array | null
}

/** Where the content of a file is in the image. Files of equal content may share it. */
export interface FileStorage {
  /** Equal for two files that share their content; null for a file that takes no bytes. */
  readonly place: string | null
  /** Bytes of its data blocks on disk. */
  readonly bytesInBlocks: number
  /** Its part of a fragment block; null if it has none. */
  readonly tail: {
    /** Index of the fragment block. */
    readonly fragment: number
    /** Start and end of the tail in the uncompressed block. */
    readonly start: number
    readonly end: number
    /** Bytes of the whole fragment block on disk. */
    readonly blockBytes: number
  } | null
}

export interface ContentReader {
  /** The pieces of a file that overlap a range, in order. */
  pieces(file: ImageFile, from?: number, to?: number): AsyncGenerator<FilePiece>
  read(file: ImageFile): Promise<Uint8Array>
  readRange(file: ImageFile, start: number, length: number): Promise<Uint8Array>
  stream(file: ImageFile): AsyncGenerator<Uint8Array>
  partReader(): PartReader
  /** The data blocks of a file, without reading them. Holes are left out. */
  blocks(file: ImageFile): AsyncGenerator<DataBlock>
  storage(file: ImageFile): Promise<FileStorage>
  /** Bytes of a file that are in a fragment. */
  tailOf(file: ImageFile): number
}

/**
 * Reads files in parts of up to 1 MiB, one file at a time, into buffers that are reused. Holes are left out, also at the end
 * of a file.
 */
export interface PartReader {
  /** Reads a whole file. */
  file(file: ImageFile, take: TakePart): void | Promise<void>
  /** Divides the blocks of a file into spans, which several threads can read. */
  spans(file: ImageFile): SpanCursor
  /** Reads a span. */
  span(span: BlockSpan, take: TakePart): void | Promise<void>
  /** The tail of a file, from its fragment block; null if it has none. */
  tail(file: ImageFile): Uint8Array | null | Promise<Uint8Array | null>
}

/** Iterates over spans of up to 2,048 blocks; null at the end. */
export interface SpanCursor {
  next(): BlockSpan | null | Promise<BlockSpan | null>
}

/** Maximum number of bytes that are read into one array. */
export const MAX_READ = 2 ** 30
/** Size words that are decoded at a time. */
const WORDS_AT_ONCE = 2048

export function contentReader(context: ReaderContext, blockReader: BlockReader): ContentReader {
  const { superblock, inodes, fail } = context
  const { blockSize } = superblock

  /** The blocks of a file. The size words of a large file are not all in memory at once. */
  function spans(file: ImageFile): SpanCursor {
    const place = decodeMetadataReference(file.reference)
    if (4 * file.blockCount > inodes.capacity(place))
      throw fail(`a file of ${file.size} bytes has more blocks than the inode table has room for`)
    const inBlocks = file.size - tailOf(file)
    const cursor: Cursor = inodes.cursor(place)
    let [left, position, start] = [file.blockCount, file.start, 0]
    let isFirst = true

    function span(bytes: Uint8Array): BlockSpan {
      const words = decodeBlockSizes(bytes)
      const end = Math.min(start + words.length * blockSize, inBlocks)
      const found = { position, start, end, words }
      left -= words.length
      start = end
      for (const word of words) position += blockSizeOnDisk(word)
      return found
    }

    async function first(skipped: Promise<Uint8Array>): Promise<BlockSpan | null> {
      await skipped
      return await next()
    }

    function next(): BlockSpan | null | Promise<BlockSpan | null> {
      if (left === 0) return null
      if (isFirst) {
        isFirst = false
        const skipped = cursor.take(file.sizeOfFixedPart)
        if (skipped instanceof Promise) return first(skipped)
      }
      const bytes = cursor.take(4 * Math.min(left, WORDS_AT_ONCE))
      return bytes instanceof Promise ? bytes.then(span) : span(bytes)
    }
    return { next }
  }

  function partReader(): PartReader {
    const span = spanReader(context)
    const fragment = fragmentReader(context)
    return {
      span,
      spans,
      tail,
      file: (file, takePart) => runSteps(fileSteps(file, takePart)),
    }

    function* fileSteps(file: ImageFile, takePart: TakePart): Steps<void> {
      if (file.blockCount > 0) {
        const cursor = spans(file)
        for (let next = yield* waitFor(cursor.next()); next !== null; next = yield* waitFor(cursor.next())) {
          const reading = span(next, takePart)
          if (reading) yield reading
        }
      }
      const length = tailOf(file)
      if (length === 0) return
      const block = fragment(file.fragment)
      const content = block instanceof Promise ? yield* waitFor(block) : block
      takePart(file.size - length, tailIn(content, file, length))
    }
  }

  async function* pieces(file: ImageFile, from = 0, to = file.size): AsyncGenerator<FilePiece> {
    const cursor = spans(file)
    for (let span = await cursor.next(); span !== null; span = await cursor.next()) {
      let { position, start } = span
      for (const word of span.words) {
        if (start >= to) return
        const length = Math.min(blockSize, span.end - start)
        if (start + length > from)
          yield {
            start,
            length,
            bytes: word === HOLE ? null : await blockReader.decode({ position, word, length }),
          }
        position += blockSizeOnDisk(word)
        start += length
      }
    }
    const start = file.size - tailOf(file)
    if (start >= to) return
    const bytes = await tail(file)
    if (bytes !== null) yield { start, length: bytes.length, bytes }
  }

  function tailOf(file: ImageFile): number {
    return file.fragment === NO_FRAGMENT ? 0 : file.size % blockSize
  }

  function tail(file: ImageFile): Uint8Array | null | Promise<Uint8Array | null> {
    const length = tailOf(file)
    if (length === 0) return null
    const block = blockReader.fragment(file.fragment)
    return block instanceof Promise
      ? block.then((content) => tailIn(content, file, length))
      : tailIn(block, file, length)
  }

  function tailIn(block: Uint8Array, { fragment, fragmentOffset }: ImageFile, length: number): Uint8Array {
    const end = fragmentOffset + length
    if (end > block.length) throw fail(`the tail of a file leads out of fragment block ${fragment}`)
    return block.subarray(fragmentOffset, end)
  }

  async function* blocks(file: ImageFile): AsyncGenerator<DataBlock> {
    const cursor = spans(file)
    for (let span = await cursor.next(); span !== null; span = await cursor.next()) {
      let { position, start } = span
      for (const word of span.words) {
        const length = Math.min(blockSize, span.end - start)
        if (word !== HOLE) yield { position, word, length }
        position += blockSizeOnDisk(word)
        start += length
      }
    }
  }

  async function storage(file: ImageFile): Promise<FileStorage> {
    let bytesInBlocks = 0
    for await (const { word } of blocks(file)) bytesInBlocks += blockSizeOnDisk(word)
    const bytes = tailOf(file)
    const { fragment, fragmentOffset, start } = file
    if (bytes === 0 || context.fragments === null)
      return { place: bytesInBlocks === 0 ? null : `${start}`, bytesInBlocks, tail: null }
    const { sizeWord } = decodeFragmentEntry(await context.fragments.record(fragment))
    const place = `${bytesInBlocks === 0 ? '' : start}:${fragment}:${fragmentOffset}`
    return {
      place,
      bytesInBlocks,
      tail: {
        fragment,
        start: fragmentOffset,
        end: fragmentOffset + bytes,
        blockBytes: blockSizeOnDisk(sizeWord),
      },
    }
  }

  async function readRange(file: ImageFile, start: number, length: number): Promise<Uint8Array> {
    if (!(Number.isInteger(start) && Number.isInteger(length) && start >= 0 && length >= 0))
      throw fail(`bytes ${start} to ${start + length} are not a range of a file`, 'WRONG_ARGUMENT')
    const end = Math.min(start + length, file.size)
    if (end <= start) return new Uint8Array(0)
    if (end - start > MAX_READ)
      throw fail(
        `${end - start} bytes are too many for one piece of memory; read ranges or a stream`,
        'TOO_LARGE',
      )
    if (4 * file.blockCount > inodes.capacity(decodeMetadataReference(file.reference)))
      throw fail(`a file of ${file.size} bytes has more blocks than the inode table has room for`)
    let content: Uint8Array | undefined
    for await (const piece of pieces(file, start, end)) {
      const [from, to] = [Math.max(piece.start, start), Math.min(piece.start + piece.length, end)]
      const bytes = piece.bytes?.subarray(from - piece.start, to - piece.start)
      if (from === start && to === end && bytes) return bytes.slice()
      content ??= new Uint8Array(end - start)
      if (bytes) content.set(bytes, from - start)
    }
    return content ?? new Uint8Array(end - start)
  }

  return {
    pieces,
    readRange,
    partReader,
    blocks,
    tailOf,
    storage,
    read: (file) => readRange(file, 0, file.size),
    async *stream(file) {
      let zeros: Uint8Array | undefined
      for await (const { bytes, length } of pieces(file)) {
        if (bytes) yield bytes
        else {
          zeros ??= new Uint8Array(Math.min(blockSize, file.size))
          yield zeros.subarray(0, length)
        }
      }
    },
  }
}

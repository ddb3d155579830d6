/** Block reader: reads and decodes data blocks and fragment blocks, one by one or in spans, into buffers that are reused. */
import { decompressBlock } from '../codec/decompress.js'
import { blockSizeOnDisk, HOLE, isUncompressedBlock } from '../format/data-block.js'
import { decodeFragmentEntry } from '../format/fragment.js'
import { SUPERBLOCK_SIZE } from '../format/superblock.js'
import type { ReaderContext } from './reader-context.js'
import { runSteps, type Steps, waitFor } from './steps.js'

export interface DataBlock {
  /** In bytes from the start of the image. */
  readonly position: number
  /** The size word, see `blockSizeWord`; never `HOLE`. */
  readonly word: number
  /** Bytes of the file in this block. */
  readonly length: number
}

/** Consecutive blocks of a file, including holes. */
export interface BlockSpan {
  /** Position of the first block, in bytes from the start of the image. */
  readonly position: number
  /** Start of its content in the file. */
  readonly start: number
  /** End of the content of the last block in the file. */
  readonly end: number
  /** A size word for each block. */
  readonly words: readonly number[]
}

export interface BlockReader {
  /** Decodes a block, and checks that its content has the length that the file needs. */
  decode(block: DataBlock): Uint8Array | Promise<Uint8Array>
  /** The content of a fragment block. */
  fragment(index: number): Uint8Array | Promise<Uint8Array>
}

/** A callback for a part of a file. The bytes are valid until it returns. */
export type TakePart = (start: number, bytes: Uint8Array) => void

/** Number of fragment blocks in the cache, of up to 1 MiB each. Adjacent files are often in the same one. */
const FRAGMENTS_KEPT = 8

export function blockReader(context: ReaderContext): BlockReader {
  const { superblock, fail } = context
  const { blockSize } = superblock
  /** A promise while the block is being decoded, so that files that are read at the same time share it. */
  const fragmentsKept = new Map<number, Uint8Array | Promise<Uint8Array>>()

  function decode({ position, word, length }: DataBlock): Uint8Array | Promise<Uint8Array> {
    const block = blockAt(position, word)
    return block instanceof Promise ? block.then(checked) : checked(block)

    function checked(content: Uint8Array): Uint8Array {
      if (content.length === length) return content
      throw fail(
        `the data block at ${position} holds ${content.length} bytes, and the file ${length} of them`,
      )
    }
  }

  /** The content of a block: at most the block size, even in a damaged image. */
  function blockAt(position: number, word: number): Uint8Array | Promise<Uint8Array> {
    const onDisk = checkedSize(context, position, word)
    const bytes = context.bytes(position, onDisk)
    if (isUncompressedBlock(word)) return bytes
    return bytes instanceof Promise ? bytes.then(expanded) : expanded(bytes)
  }

  function expanded(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return decompressBlock(context.expand, bytes, blockSize)
  }

  function fragment(index: number): Uint8Array | Promise<Uint8Array> {
    const kept = fragmentsKept.get(index)
    if (kept) return kept
    const block = loadFragment(index)
    fragmentsKept.set(index, block)
    if (fragmentsKept.size > FRAGMENTS_KEPT)
      for (const oldest of fragmentsKept.keys()) {
        fragmentsKept.delete(oldest)
        break
      }
    return block
  }

  function loadFragment(index: number): Uint8Array | Promise<Uint8Array> {
    const record = fragmentRecord(context, index)
    return record instanceof Promise ? record.then(load) : load(record)

    function load(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
      const { start, sizeWord } = decodeFragmentEntry(bytes)
      return blockAt(start, sizeWord)
    }
  }

  return { decode, fragment }
}

function fragmentRecord({ fragments, fail }: ReaderContext, index: number): Uint8Array | Promise<Uint8Array> {
  if (fragments === null) throw fail(`a file has fragment ${index}, and there are none`)
  return fragments.record(index)
}

/** Bytes on disk of a block. @throws ImageError if the block is not in the data area. */
function checkedSize({ superblock, fail }: ReaderContext, position: number, word: number): number {
  const onDisk = blockSizeOnDisk(word)
  if (onDisk === 0 || onDisk > superblock.blockSize)
    throw fail(`a data block at ${position} has ${onDisk} bytes`)
  if (!(position >= SUPERBLOCK_SIZE && position + onDisk <= superblock.inodeTable))
    throw fail(`a data block at ${position} lies outside of the data`)
  return onDisk
}

/** Bytes that are read and decoded at a time. */
const SPAN_BUFFER_SIZE = 1 << 20

/** Consecutive blocks without a hole. */
interface Run {
  readonly onDisk: number
  readonly content: number
  readonly blocks: number
}

/** Passes the content of a span to a callback, in parts of up to 1 MiB, without the holes. */
export type ReadSpan = (span: BlockSpan, take: TakePart) => void | Promise<void>

/** Creates a reader of spans. It reuses its buffers, so it reads one span at a time. */
export function spanReader(context: ReaderContext): ReadSpan {
  const { blockSize } = context.superblock
  const bufferSize = Math.max(SPAN_BUFFER_SIZE, blockSize)
  let [input, output] = [new Uint8Array(0), new Uint8Array(0)]

  return (span, takePart) => runSteps(readSteps(span, takePart))

  function* readSteps({ position, start, end, words }: BlockSpan, takePart: TakePart): Steps<void> {
    if (input.length === 0) [input, output] = [new Uint8Array(bufferSize), new Uint8Array(bufferSize)]
    let [at, from] = [position, start]
    for (let n = 0; n < words.length; ) {
      if (words[n] === HOLE) {
        n++
        from += blockSize
        continue
      }
      const run = runAt(words, n, at, end - from)
      const read = context.bytesInto(input.subarray(0, run.onDisk), at)
      if (read) yield read
      takePart(from, yield* waitFor(decodeRun(words, n, at, run)))
      n += run.blocks
      at += run.onDisk
      from += run.content
    }
  }

  function runAt(words: readonly number[], first: number, position: number, left: number): Run {
    let [onDisk, content, blocks] = [0, 0, 0]
    for (let n = first; n < words.length && words[n] !== HOLE; n++) {
      const size = checkedSize(context, position + onDisk, words[n]!)
      const length = Math.min(blockSize, left - content)
      if (onDisk + size > bufferSize || content + length > bufferSize) break
      onDisk += size
      content += length
      blocks++
    }
    return { onDisk, content, blocks }
  }

  function decodeRun(
    words: readonly number[],
    first: number,
    position: number,
    { onDisk, content, blocks }: Run,
  ): Uint8Array | Promise<Uint8Array> {
    const waiting: Promise<void>[] = []
    let [from, to] = [0, 0]
    let uncompressed = 0
    for (let n = first; n < first + blocks; n++) {
      const word = words[n]!
      const size = blockSizeOnDisk(word)
      const length = Math.min(blockSize, content - to)
      const block = { position: position + from, word, length }
      if (isUncompressedBlock(word)) uncompressed++
      const done = decodeInto(input.subarray(from, from + size), output.subarray(to, to + length), block)
      if (done) waiting.push(done)
      from += size
      to += length
    }
    // If all blocks are uncompressed they need not be copied.
    const whole =
      uncompressed === blocks && onDisk === content ? input.subarray(0, onDisk) : output.subarray(0, content)
    return waiting.length === 0 ? whole : Promise.all(waiting).then(() => whole)
  }

  function decodeInto(
    bytes: Uint8Array,
    target: Uint8Array,
    { position, word, length }: DataBlock,
  ): void | Promise<void> {
    if (isUncompressedBlock(word)) {
      checkLength(bytes.length)
      target.set(bytes)
      return
    }
    const count = context.expand(bytes, target)
    if (count instanceof Promise) return count.then(checkLength)
    checkLength(count)

    function checkLength(found: number): void {
      if (found !== length)
        throw context.fail(
          `the data block at ${position} holds ${found} bytes, and the file ${length} of them`,
        )
    }
  }
}

/** Returns the content of a fragment block. It is valid until the next call, since the buffer is reused. */
export type ReadFragment = (index: number) => Uint8Array | Promise<Uint8Array>

/** Creates a reader of fragment blocks. It keeps the last block: files that are read in order often share it. */
export function fragmentReader(context: ReaderContext): ReadFragment {
  const { blockSize } = context.superblock
  let [input, output] = [new Uint8Array(0), new Uint8Array(0)]
  let last: { readonly index: number; readonly content: Uint8Array } | null = null

  function* load(index: number): Steps<Uint8Array> {
    const { start, sizeWord } = decodeFragmentEntry(yield* waitFor(fragmentRecord(context, index)))
    const bytes = input.subarray(0, checkedSize(context, start, sizeWord))
    const read = context.bytesInto(bytes, start)
    if (read) yield read
    const length = isUncompressedBlock(sizeWord) ? 0 : yield* waitFor(context.expand(bytes, output))
    return keep(index, bytes, sizeWord, length)
  }

  function keep(index: number, bytes: Uint8Array, sizeWord: number, length: number): Uint8Array {
    const content = isUncompressedBlock(sizeWord) ? bytes : output.subarray(0, length)
    last = { index, content }
    return content
  }

  return (index) => {
    if (last?.index === index) return last.content
    last = null
    if (input.length === 0) [input, output] = [new Uint8Array(blockSize), new Uint8Array(blockSize)]
    return runSteps(load(index))
  }
}

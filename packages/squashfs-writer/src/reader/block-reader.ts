/** Block reader: data blocks and fragment blocks, decoded; one by one, or a row of them in memory that is used again. */
import { decompressBlock } from '../codec/decompress.js'
import { blockSizeOnDisk, HOLE, isUncompressedBlock } from '../format/data-block.js'
import { decodeFragmentEntry } from '../format/fragment.js'
import { SUPERBLOCK_SIZE } from '../format/superblock.js'
import type { Parts } from './parts.js'
import { type Steps, settled, take } from './steps.js'

export interface DataBlock {
  /** In bytes from the image's start. */
  readonly position: number
  /** As by `blockSizeWord`; never a hole's. */
  readonly word: number
  readonly length: number
}

/** Blocks of a file that follow each other, with holes among them. */
export interface BlockRow {
  /** Where the first block lies, in bytes from the image's start. */
  readonly position: number
  /** Where in the file its content begins. */
  readonly start: number
  /** Where in the file the content of the last one ends. */
  readonly end: number
  /** A size word for each. */
  readonly words: readonly number[]
}

export interface BlockReader {
  /** Decodes a block; its content has exactly the length that the file wants. */
  decode(block: DataBlock): Uint8Array | Promise<Uint8Array>
  /** The content of a fragment block. */
  fragment(index: number): Uint8Array | Promise<Uint8Array>
}

/** Takes a part of a file; the bytes are good until it returns. */
export type TakePart = (start: number, bytes: Uint8Array) => void

/** Fragment blocks that are kept: neighbours lie in one. At most a mebibyte each. */
const FRAGMENTS_KEPT = 8

export function blockReader(parts: Parts): BlockReader {
  const { superblock, fail } = parts
  const { blockSize } = superblock
  /** As promises where decoding takes its time: files that are read at the same time share them. */
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

  /** The content of a block: at most the block size, whatever is stored. */
  function blockAt(position: number, word: number): Uint8Array | Promise<Uint8Array> {
    const onDisk = checkedSize(parts, position, word)
    const bytes = parts.bytes(position, onDisk)
    if (isUncompressedBlock(word)) return bytes
    return bytes instanceof Promise ? bytes.then(expanded) : expanded(bytes)
  }

  function expanded(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
    return decompressBlock(parts.expand, bytes, blockSize)
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
    const record = fragmentRecord(parts, index)
    return record instanceof Promise ? record.then(load) : load(record)

    function load(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
      const { start, sizeWord } = decodeFragmentEntry(bytes)
      return blockAt(start, sizeWord)
    }
  }

  return { decode, fragment }
}

function fragmentRecord({ fragments, fail }: Parts, index: number): Uint8Array | Promise<Uint8Array> {
  if (fragments === null) throw fail(`a file has fragment ${index}, and there are none`)
  return fragments.record(index)
}

/** Bytes on disk of a block, which lies in the data. */
function checkedSize({ superblock, fail }: Parts, position: number, word: number): number {
  const onDisk = blockSizeOnDisk(word)
  if (onDisk === 0 || onDisk > superblock.blockSize)
    throw fail(`a data block at ${position} has ${onDisk} bytes`)
  if (!(position >= SUPERBLOCK_SIZE && position + onDisk <= superblock.inodeTable))
    throw fail(`a data block at ${position} lies outside of the data`)
  return onDisk
}

/** Bytes of content that are read and decoded in one go. */
const ROW_AT_ONCE = 1 << 20

/** Blocks that lie one after the other, without a hole. */
interface Run {
  readonly onDisk: number
  readonly content: number
  readonly blocks: number
}

/** Gives the content of a row in parts of up to a mebibyte, without its holes. */
export type ReadRow = (row: BlockRow, take: TakePart) => void | Promise<void>

/** Its memory is used again: one row at a time. */
export function rowReader(parts: Parts): ReadRow {
  const { blockSize } = parts.superblock
  const room = Math.max(ROW_AT_ONCE, blockSize)
  let [input, output] = [new Uint8Array(0), new Uint8Array(0)]

  return (row, takePart) => take(readSteps(row, takePart))

  function* readSteps({ position, start, end, words }: BlockRow, takePart: TakePart): Steps<void> {
    if (input.length === 0) [input, output] = [new Uint8Array(room), new Uint8Array(room)]
    let [at, from] = [position, start]
    for (let n = 0; n < words.length; ) {
      if (words[n] === HOLE) {
        n++
        from += blockSize
        continue
      }
      const run = runAt(words, n, at, end - from)
      const read = parts.bytesInto(input.subarray(0, run.onDisk), at)
      if (read) yield read
      takePart(from, yield* settled(decodeRun(words, n, at, run)))
      n += run.blocks
      at += run.onDisk
      from += run.content
    }
  }

  function runAt(words: readonly number[], first: number, position: number, left: number): Run {
    let [onDisk, content, blocks] = [0, 0, 0]
    for (let n = first; n < words.length && words[n] !== HOLE; n++) {
      const size = checkedSize(parts, position + onDisk, words[n]!)
      const length = Math.min(blockSize, left - content)
      if (onDisk + size > room || content + length > room) break
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
    let stored = 0
    for (let n = first; n < first + blocks; n++) {
      const word = words[n]!
      const size = blockSizeOnDisk(word)
      const length = Math.min(blockSize, content - to)
      const block = { position: position + from, word, length }
      if (isUncompressedBlock(word)) stored++
      const done = decodeInto(input.subarray(from, from + size), output.subarray(to, to + length), block)
      if (done) waiting.push(done)
      from += size
      to += length
    }
    // An uncompressed block need not be copied.
    const whole =
      stored === blocks && onDisk === content ? input.subarray(0, onDisk) : output.subarray(0, content)
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
    const count = parts.expand(bytes, target)
    if (count instanceof Promise) return count.then(checkLength)
    checkLength(count)

    function checkLength(found: number): void {
      if (found !== length)
        throw parts.fail(`the data block at ${position} holds ${found} bytes, and the file ${length} of them`)
    }
  }
}

/** Gives the content of a fragment block, in memory that is used again: it is good until the next call. */
export type ReadFragment = (index: number) => Uint8Array | Promise<Uint8Array>

/** Files that are read in the order of their contents have the same fragment block again and again. */
export function fragmentReader(parts: Parts): ReadFragment {
  const { blockSize } = parts.superblock
  let [input, output] = [new Uint8Array(0), new Uint8Array(0)]
  let last: { readonly index: number; readonly content: Uint8Array } | null = null

  function* load(index: number): Steps<Uint8Array> {
    const { start, sizeWord } = decodeFragmentEntry(yield* settled(fragmentRecord(parts, index)))
    const bytes = input.subarray(0, checkedSize(parts, start, sizeWord))
    const read = parts.bytesInto(bytes, start)
    if (read) yield read
    const length = isUncompressedBlock(sizeWord) ? 0 : yield* settled(parts.expand(bytes, output))
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
    return take(load(index))
  }
}

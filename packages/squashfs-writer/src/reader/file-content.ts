/** File content: the blocks of a file, decoded and in order; whole, in ranges, or as a stream. */
import { blockSizeOnDisk, HOLE, isStoredBlock } from '../format/data-block.js'
import { decodeFragmentEntry, NO_FRAGMENT } from '../format/fragment.js'
import { decodeBlockSizes } from '../format/inode.js'
import { decodeMetadataReference } from '../format/metadata-block.js'
import { SUPERBLOCK_SIZE } from '../format/superblock.js'
import type { ImageFile } from './inode-reader.js'
import type { Cursor } from './metadata-reader.js'
import type { Parts } from './parts.js'

/** A piece of a file: at most a block. */
export interface FilePiece {
  /** Where in the file it begins. */
  readonly start: number
  readonly length: number
  /** `null` for a hole: zeros that take no space in the image. */
  readonly bytes: Uint8Array | null
}

export interface DataBlock {
  /** In bytes from the image's start. */
  readonly position: number
  /** As by `blockSizeWord`; never a hole's. */
  readonly word: number
  readonly length: number
}

/** Where the bytes of a file lie in the image. Files of the same content may lie at the same place. */
export interface FileStorage {
  /** Tells whether two files lie at the same place; null for a file that takes no bytes. */
  readonly place: string | null
  /** Bytes in the image of the blocks that are its own. */
  readonly bytesInBlocks: number
  /** Its part of a block that it shares with others; null for none. */
  readonly tail: {
    /** Index of the fragment block. */
    readonly fragment: number
    /** Where in the block's content it begins and ends. */
    readonly start: number
    readonly end: number
    /** Bytes in the image of the whole fragment block. */
    readonly blockBytes: number
  } | null
}

export interface ContentReader {
  /** The pieces of a file that touch a range, in order; those at its ends may reach beyond it. */
  pieces(file: ImageFile, from?: number, to?: number): AsyncGenerator<FilePiece>
  read(file: ImageFile): Promise<Uint8Array>
  readRange(file: ImageFile, start: number, length: number): Promise<Uint8Array>
  stream(file: ImageFile): AsyncGenerator<Uint8Array>
  /** The content of a fragment block. */
  fragment(index: number): Promise<Uint8Array>
  /** Each data block of a file, undecoded: where it lies, its size word, and the bytes of the file that are in it. */
  blocks(file: ImageFile): AsyncGenerator<DataBlock>
  /** Decodes a block; its content has exactly the length that the file wants. */
  decode(block: DataBlock): Promise<Uint8Array>
  storage(file: ImageFile): Promise<FileStorage>
  /** Bytes of a file that lie in a fragment. */
  tailOf(file: ImageFile): number
}

/** Bytes that are read into one piece of memory. */
export const MAX_READ = 2 ** 30
/** Fragment blocks that are kept: neighbours lie in one. At most a mebibyte each. */
const FRAGMENTS_KEPT = 8
/** Size words that are decoded in one go. */
const WORDS_AT_ONCE = 2048

export function contentReader(parts: Parts): ContentReader {
  const { superblock, inodes, fail } = parts
  const { blockSize } = superblock
  const fragmentsKept = new Map<number, Promise<Uint8Array>>()

  /** The words of a file, without all of them at once. */
  async function* wordsOf(file: ImageFile): AsyncGenerator<readonly number[]> {
    if (file.blockCount === 0) return
    const place = decodeMetadataReference(file.reference)
    if (4 * file.blockCount > inodes.room(place))
      throw fail(`a file of ${file.size} bytes has more blocks than the inode table has room for`)
    const cursor: Cursor = inodes.cursor(place)
    await cursor.take(file.sizeOfFixedPart)
    for (let left = file.blockCount; left > 0; ) {
      const count = Math.min(left, WORDS_AT_ONCE)
      yield decodeBlockSizes(await cursor.take(4 * count))
      left -= count
    }
  }

  async function* pieces(file: ImageFile, from = 0, to = file.size): AsyncGenerator<FilePiece> {
    const tail = tailOf(file)
    const inBlocks = file.size - tail
    let position = file.start
    let start = 0
    for await (const words of wordsOf(file)) {
      for (const word of words) {
        if (start >= to) return
        const length = Math.min(blockSize, inBlocks - start)
        const onDisk = blockSizeOnDisk(word)
        if (start + length > from)
          yield { start, length, bytes: word === HOLE ? null : await decode({ position, word, length }) }
        position += onDisk
        start += length
      }
    }
    if (tail > 0 && start < to) yield { start, length: tail, bytes: await tailBytes(file, tail) }
  }

  function tailOf(file: ImageFile): number {
    return file.fragment === NO_FRAGMENT ? 0 : file.size % blockSize
  }

  async function tailBytes(file: ImageFile, tail: number): Promise<Uint8Array> {
    const block = await (fragmentsKept.get(file.fragment) ?? fragment(file.fragment))
    const end = file.fragmentOffset + tail
    if (end > block.length) throw fail(`the tail of a file leads out of fragment block ${file.fragment}`)
    return block.subarray(file.fragmentOffset, end)
  }

  /** Kept as a promise: files that are read at the same time share it. */
  function fragment(index: number): Promise<Uint8Array> {
    const block = loadFragment(index)
    fragmentsKept.set(index, block)
    if (fragmentsKept.size > FRAGMENTS_KEPT)
      for (const oldest of fragmentsKept.keys()) {
        fragmentsKept.delete(oldest)
        break
      }
    return block
  }

  async function loadFragment(index: number): Promise<Uint8Array> {
    if (parts.fragments === null) throw fail(`a file has fragment ${index}, and there are none`)
    const { start, sizeWord } = decodeFragmentEntry(await parts.fragments.record(index))
    return await blockAt(start, sizeWord)
  }

  async function* blocks(file: ImageFile): AsyncGenerator<DataBlock> {
    const inBlocks = file.size - tailOf(file)
    let position = file.start
    let start = 0
    for await (const words of wordsOf(file)) {
      for (const word of words) {
        const length = Math.min(blockSize, inBlocks - start)
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
    if (bytes === 0 || parts.fragments === null)
      return { place: bytesInBlocks === 0 ? null : `${start}`, bytesInBlocks, tail: null }
    const { sizeWord } = decodeFragmentEntry(await parts.fragments.record(fragment))
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

  async function decode({ position, word, length }: DataBlock): Promise<Uint8Array> {
    const block = await blockAt(position, word)
    if (block.length !== length)
      throw fail(`the data block at ${position} holds ${block.length} bytes, and the file ${length} of them`)
    return block
  }

  /** The content of a block: at most the block size, whatever is stored. */
  async function blockAt(position: number, word: number): Promise<Uint8Array> {
    const onDisk = blockSizeOnDisk(word)
    if (onDisk === 0 || onDisk > blockSize) throw fail(`a data block at ${position} has ${onDisk} bytes`)
    if (!(position >= SUPERBLOCK_SIZE && position + onDisk <= superblock.inodeTable))
      throw fail(`a data block at ${position} lies outside of the data`)
    const bytes = await parts.bytes(position, onDisk)
    return isStoredBlock(word) ? bytes : await parts.expand(bytes, blockSize)
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
    if (4 * file.blockCount > inodes.room(decodeMetadataReference(file.reference)))
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
    fragment,
    blocks,
    decode,
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

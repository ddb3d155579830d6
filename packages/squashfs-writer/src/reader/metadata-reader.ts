/** Metadata reader: reads the records of a table, which may span several metadata blocks. */
import type { Decompress } from '../codec/decompress.js'
import { viewOf } from '../format/byte-order.js'
import {
  decodeMetadataHeader,
  METADATA_BLOCK_SIZE,
  METADATA_HEADER_SIZE,
  type MetadataPlace,
} from '../format/metadata-block.js'
import { SUPERBLOCK_SIZE } from '../format/superblock.js'
import type { Fail, ReadBytes } from './reader-context.js'
import { runSteps, type Steps, waitFor } from './steps.js'

/** A cache of decoded metadata blocks. It keeps the last 4,096 of them, 32 MiB. */
export interface BlockCache {
  /**
   * Reads a block.
   * @param start position of its header, in bytes from the start of the image.
   * @param end of its table.
   */
  at(start: number, end: number): Block | Promise<Block>
  /** The block, if it is in the cache. */
  cached(start: number): Block | undefined
}

export interface Block {
  /** Up to 8 KiB. */
  readonly content: Uint8Array
  readonly view: DataView
  /** Position of the header and of the next block, in bytes from the start of the image. */
  readonly start: number
  readonly next: number
}

/** Reads one table. Places are relative to its start. */
export interface MetadataReader {
  /** Reads `length` bytes at a place. @throws ImageError if the table has fewer. */
  read(place: MetadataPlace, length: number): Uint8Array | Promise<Uint8Array>
  /** Reads up to `length` bytes at a place, fewer at the end of the table. */
  upTo(place: MetadataPlace, length: number): Uint8Array | Promise<Uint8Array>
  /** Reads a whole block. @param relative its start, in bytes from the start of the table. */
  block(relative: number): Block | Promise<Block>
  /** The block of a place, if it is cached and has `length` bytes after the place. */
  cachedBlock(place: MetadataPlace, length: number): Block | null
  /** Reads one record after another. */
  cursor(place: MetadataPlace): Cursor
  /** The place `length` bytes after another one. */
  after(place: MetadataPlace, length: number): MetadataPlace | Promise<MetadataPlace>
  /** An upper bound for the bytes after a place. A larger record is refused before memory is allocated for it. */
  capacity(place: MetadataPlace): number
  /** Start and end of the table, in bytes from the start of the image. */
  readonly start: number
  readonly end: number
}

export interface Cursor {
  /** Reads the next `length` bytes. @throws ImageError if the table has fewer. */
  take(length: number): Uint8Array | Promise<Uint8Array>
}

const BLOCKS_KEPT = 4096

/** Blocks that are decoded in advance during a sequential read, if decoding is asynchronous. */
const BLOCKS_AHEAD = 8

/** Tables are read in pieces of this size. The last 8 pieces are kept, 1 MiB. */
const PIECE = 131_072
const PIECES_KEPT = 8

export function blockCache(bytes: ReadBytes, expand: Decompress, fail: Fail): BlockCache {
  const known = new Map<number, Block>()
  const loading = new Map<number, Promise<Block>>()
  /** Pieces of tables as on disk, by position. */
  const pieces = new Map<number, Uint8Array>()
  /** For each table, by its end: the position after the block that was read last. */
  const following = new Map<number, number>()

  function load(start: number, end: number, ahead: number): Block | Promise<Block> {
    const found = loading.get(start)
    if (found) return found
    const block = loadBlock(start, end, ahead)
    if (!(block instanceof Promise)) return block
    loading.set(start, block)
    const done = () => void loading.delete(start)
    block.then(done, done)
    return block
  }

  function loadBlock(start: number, end: number, ahead: number): Block | Promise<Block> {
    if (start + METADATA_HEADER_SIZE >= end)
      throw fail(`a metadata block at ${start} is outside of its table`)
    // One read for header and content: a block on disk is at most as large as a full uncompressed one.
    const length = Math.min(METADATA_HEADER_SIZE + METADATA_BLOCK_SIZE, end - start)
    const read = bytesAt(start, end, length)
    return read instanceof Promise
      ? read.then((bytes) => expanded(start, end, bytes, ahead))
      : expanded(start, end, read, ahead)
  }

  /** Reads a larger piece than one block, since the blocks around it are usually read next, in any order. */
  function bytesAt(start: number, end: number, length: number): Uint8Array | Promise<Uint8Array> {
    const from = Math.max(SUPERBLOCK_SIZE, end - PIECE * Math.ceil((end - start) / PIECE))
    const at = start - from
    const piece = pieces.get(from)
    if (piece !== undefined && at + length <= piece.length) return piece.subarray(at, at + length)
    const read = bytes(from, Math.min(end - from, PIECE + METADATA_HEADER_SIZE + METADATA_BLOCK_SIZE))
    return read instanceof Promise ? read.then(keep) : keep(read)

    function keep(found: Uint8Array): Uint8Array {
      pieces.set(from, found)
      forgetOldest(pieces, PIECES_KEPT)
      return found.subarray(at, at + length)
    }
  }

  function expanded(start: number, end: number, read: Uint8Array, ahead: number): Block | Promise<Block> {
    const { size, uncompressed } = decodeMetadataHeader(read)
    const length = METADATA_HEADER_SIZE + size
    if (size === 0 || size > METADATA_BLOCK_SIZE || length > read.length)
      throw fail(`a metadata block at ${start} has ${size} bytes`)
    const onDisk = read.subarray(METADATA_HEADER_SIZE, length)
    const next = start + length
    if (uncompressed) return keep(start, next, onDisk.slice())
    const output = new Uint8Array(METADATA_BLOCK_SIZE)
    const filled = expand(onDisk, output)
    if (!(filled instanceof Promise)) return keep(start, next, output.subarray(0, filled))
    if (ahead > 0 && next + METADATA_HEADER_SIZE < end && !known.has(next)) loadAhead(next, end, ahead - 1)
    return filled.then((count) => keep(start, next, output.subarray(0, count)))
  }

  /** Loads a block in advance. An error is ignored here: whoever reads the block gets it. */
  function loadAhead(start: number, end: number, ahead: number): void {
    void Promise.resolve()
      .then(() => load(start, end, ahead))
      .catch(() => {})
  }

  function keep(start: number, next: number, content: Uint8Array): Block {
    const block = { content, view: viewOf(content), start, next }
    known.set(start, block)
    forgetOldest(known, BLOCKS_KEPT)
    return block
  }

  return {
    at(start, end) {
      const found = known.get(start)
      if (found) {
        following.set(end, found.next)
        return found
      }
      return load(start, end, following.get(end) === start ? BLOCKS_AHEAD : 0)
    },
    cached: (start) => known.get(start),
  }
}

/**
 * @param name of the table, for messages.
 * @param start of the table, in bytes from the start of the image.
 * @param end position after its last block.
 */
export function metadataReader(
  cache: BlockCache,
  name: string,
  start: number,
  end: number,
  fail: Fail,
): MetadataReader {
  const capacity = ({ block, offset }: MetadataPlace) =>
    Math.max(0, Math.ceil((end - start - block) / (METADATA_HEADER_SIZE + 1)) * METADATA_BLOCK_SIZE - offset)

  function* across(place: MetadataPlace, length: number, exact: boolean): Steps<Uint8Array> {
    if (length > capacity(place) && exact)
      throw fail(`${length} bytes of the ${name} are more than it can hold`)
    const pieces: Uint8Array[] = []
    let missing = length
    let { block: relative, offset } = place
    while (missing > 0) {
      const position = start + relative
      if (position + METADATA_HEADER_SIZE >= end) break
      const block = yield* waitFor(cache.at(position, end))
      if (offset > block.content.length) throw fail(`a reference into the ${name} leads behind its block`)
      const piece = block.content.subarray(offset, offset + missing)
      pieces.push(piece)
      missing -= piece.length
      relative = block.next - start
      offset = 0
      // Only the last block of a table may be shorter.
      if (missing > 0 && block.content.length < METADATA_BLOCK_SIZE) break
    }
    if (missing > 0 && exact) throw fail(`the ${name} ends in the middle of a record`)
    return pieces.length === 1 ? pieces[0]! : joined(pieces, length - missing)
  }

  function* placeAfter({ block: relative, offset }: MetadataPlace, length: number): Steps<MetadataPlace> {
    let [at, inside] = [relative, offset + length]
    while (inside >= METADATA_BLOCK_SIZE) {
      at = (yield* waitFor(cache.at(start + at, end))).next - start
      inside -= METADATA_BLOCK_SIZE
    }
    return { block: at, offset: inside }
  }

  // Nearly all records are in one cached block. They are returned without a promise.
  const get = (place: MetadataPlace, length: number, exact: boolean) => {
    const content = cache.cached(start + place.block)?.content
    if (content !== undefined && place.offset + length <= content.length)
      return content.subarray(place.offset, place.offset + length)
    return runSteps(across(place, length, exact))
  }

  return {
    start,
    end,
    capacity,
    read: (place, length) => get(place, length, true),
    upTo: (place, length) => get(place, length, false),
    block: (relative) => cache.at(start + relative, end),
    cachedBlock({ block: relative, offset }, length) {
      const block = cache.cached(start + relative)
      return block === undefined || offset + length > block.content.length ? null : block
    },
    after: (place, length) => runSteps(placeAfter(place, length)),
    cursor(place) {
      let at = place
      return {
        take(length) {
          const from = at
          const block = cache.cached(start + from.block)
          if (block !== undefined && from.offset + length < block.content.length) {
            at = { block: from.block, offset: from.offset + length }
            return block.content.subarray(from.offset, from.offset + length)
          }
          return runSteps(takeAcross(from, length))
        },
      }

      function* takeAcross(from: MetadataPlace, length: number): Steps<Uint8Array> {
        const bytes = yield* across(from, length, true)
        const block = yield* waitFor(cache.at(start + from.block, end))
        const inBlock = from.offset + length
        at =
          inBlock < block.content.length
            ? { block: from.block, offset: inBlock }
            : yield* afterBlocks(from, inBlock)
        return bytes
      }

      function* afterBlocks(from: MetadataPlace, length: number): Steps<MetadataPlace> {
        let [relative, left] = [from.block, length]
        for (;;) {
          const block = yield* waitFor(cache.at(start + relative, end))
          if (left < block.content.length) return { block: relative, offset: left }
          left -= block.content.length
          relative = block.next - start
          // After the last block: another read from there fails.
          if (left === 0) return { block: relative, offset: 0 }
        }
      }
    },
  }
}

function forgetOldest(kept: Map<number, unknown>, max: number): void {
  if (kept.size <= max) return
  for (const oldest of kept.keys()) {
    kept.delete(oldest)
    break
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** Metadata reader: the content of a table's metadata blocks, from any place on, across their borders. */
import type { Decompress } from '../codec/decompress.js'
import { viewOf } from '../format/byte-order.js'
import {
  decodeMetadataHeader,
  METADATA_BLOCK_SIZE,
  METADATA_HEADER_SIZE,
  type MetadataPlace,
} from '../format/metadata-block.js'
import { SUPERBLOCK_SIZE } from '../format/superblock.js'
import type { Fail, ReadBytes } from './parts.js'
import { type Steps, settled, take } from './steps.js'

/** Metadata blocks that were decoded, the last 4,096 of them: 32 MiB. */
export interface BlockCache {
  /**
   * @param start where the block's header is, in bytes from the image's start.
   * @param end where its table ends.
   */
  at(start: number, end: number): Block | Promise<Block>
  /** The same, only when it was decoded before. */
  atHand(start: number): Block | undefined
}

export interface Block {
  /** Up to 8 KiB. */
  readonly content: Uint8Array
  readonly view: DataView
  /** Where the block's header is, and where the next block starts, in bytes from the image's start. */
  readonly start: number
  readonly next: number
}

/** Reads one table. Places are relative to its start. */
export interface MetadataReader {
  /** `length` bytes from a place on. @throws ImageError where the table has fewer. */
  read(place: MetadataPlace, length: number): Uint8Array | Promise<Uint8Array>
  /** Up to `length` bytes from a place on; fewer where the table ends. */
  upTo(place: MetadataPlace, length: number): Uint8Array | Promise<Uint8Array>
  /** A whole block. @param relative where it starts, from the table's start. */
  block(relative: number): Block | Promise<Block>
  /** The block of a place, when it is at hand and has `length` bytes from there on. */
  blockAtHand(place: MetadataPlace, length: number): Block | null
  /** Reads one record after another. */
  cursor(place: MetadataPlace): Cursor
  /** Where the bytes are that come `length` after a place. */
  after(place: MetadataPlace, length: number): MetadataPlace | Promise<MetadataPlace>
  /** No more bytes of content than these can follow a block: a larger record is refused before it is allocated. */
  capacity(place: MetadataPlace): number
  /** Where the table starts and ends, in bytes from the image's start. */
  readonly start: number
  readonly end: number
}

export interface Cursor {
  /** The next `length` bytes. @throws ImageError where the table has fewer. */
  take(length: number): Uint8Array | Promise<Uint8Array>
}

const BLOCKS_KEPT = 4096

/** Blocks that are decoded ahead of who reads one after the other, where decoding is not done at once. */
const BLOCKS_AHEAD = 8

/** Bytes of tables that are read in one go, and how many of these are kept: 1 MiB. */
const PIECE = 131_072
const PIECES_KEPT = 8

export function blockCache(bytes: ReadBytes, expand: Decompress, fail: Fail): BlockCache {
  const known = new Map<number, Block>()
  const loading = new Map<number, Promise<Block>>()
  /** By where they start: pieces of tables, undecoded. */
  const pieces = new Map<number, Uint8Array>()
  /** By a table's end: where the block begins that comes after the last one that was asked for. */
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
    // One read for both: a block on disk is never larger than its content may be.
    const room = Math.min(METADATA_HEADER_SIZE + METADATA_BLOCK_SIZE, end - start)
    const read = bytesAt(start, end, room)
    return read instanceof Promise
      ? read.then((bytes) => expanded(start, end, bytes, ahead))
      : expanded(start, end, read, ahead)
  }

  /** Tables are read in larger pieces than one block: a reader of one block reads those around it, too, in whatever order. */
  function bytesAt(start: number, end: number, room: number): Uint8Array | Promise<Uint8Array> {
    const from = Math.max(SUPERBLOCK_SIZE, end - PIECE * Math.ceil((end - start) / PIECE))
    const at = start - from
    const piece = pieces.get(from)
    if (piece !== undefined && at + room <= piece.length) return piece.subarray(at, at + room)
    const read = bytes(from, Math.min(end - from, PIECE + METADATA_HEADER_SIZE + METADATA_BLOCK_SIZE))
    return read instanceof Promise ? read.then(keep) : keep(read)

    function keep(found: Uint8Array): Uint8Array {
      pieces.set(from, found)
      forgetOldest(pieces, PIECES_KEPT)
      return found.subarray(at, at + room)
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

  /** Every request for it gets the error. */
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
    atHand: (start) => known.get(start),
  }
}

/**
 * @param name of the table, for messages.
 * @param start where the table starts, in bytes from the image's start.
 * @param end what comes after its last block.
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
      const block = yield* settled(cache.at(position, end))
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
      at = (yield* settled(cache.at(start + at, end))).next - start
      inside -= METADATA_BLOCK_SIZE
    }
    return { block: at, offset: inside }
  }

  // A record in one cached block, as nearly all records are, is returned without a promise.
  const get = (place: MetadataPlace, length: number, exact: boolean) => {
    const content = cache.atHand(start + place.block)?.content
    if (content !== undefined && place.offset + length <= content.length)
      return content.subarray(place.offset, place.offset + length)
    return take(across(place, length, exact))
  }

  return {
    start,
    end,
    capacity,
    read: (place, length) => get(place, length, true),
    upTo: (place, length) => get(place, length, false),
    block: (relative) => cache.at(start + relative, end),
    blockAtHand({ block: relative, offset }, length) {
      const block = cache.atHand(start + relative)
      return block === undefined || offset + length > block.content.length ? null : block
    },
    after: (place, length) => take(placeAfter(place, length)),
    cursor(place) {
      let at = place
      return {
        take(length) {
          const from = at
          const block = cache.atHand(start + from.block)
          if (block !== undefined && from.offset + length < block.content.length) {
            at = { block: from.block, offset: from.offset + length }
            return block.content.subarray(from.offset, from.offset + length)
          }
          return take(takeAcross(from, length))
        },
      }

      function* takeAcross(from: MetadataPlace, length: number): Steps<Uint8Array> {
        const bytes = yield* across(from, length, true)
        const block = yield* settled(cache.at(start + from.block, end))
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
          const block = yield* settled(cache.at(start + relative, end))
          if (left < block.content.length) return { block: relative, offset: left }
          left -= block.content.length
          relative = block.next - start
          // Right behind the last block: taking a byte from there fails.
          if (left === 0) return { block: relative, offset: 0 }
        }
      }
    },
  }
}

function forgetOldest(kept: Map<number, unknown>, most: number): void {
  if (kept.size <= most) return
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

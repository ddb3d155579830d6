/** Metadata reader: the content of a table's metadata blocks, from any place on, across their borders. */
import type { Expand } from '../codec/expand.js'
import {
  decodeMetadataHeader,
  METADATA_BLOCK_SIZE,
  METADATA_HEADER_SIZE,
  type MetadataPlace,
} from '../format/metadata-block.js'
import type { ImageSource } from './source.js'

export interface MetadataReader {
  /** `length` bytes from a place on; fewer where what follows is no metadata any more. */
  read(place: MetadataPlace, length: number): Promise<Uint8Array>
}

interface Block {
  readonly content: Uint8Array
  /** Where the next block starts, from the table's start. */
  readonly next: number
}

/** @param table where the table starts, in bytes from the image's start. */
export function metadataReader(source: ImageSource, expand: Expand, table: number): MetadataReader {
  const known = new Map<number, Block>()

  async function block(start: number): Promise<Block> {
    const found = known.get(start) ?? (await load(start))
    known.set(start, found)
    return found
  }

  async function load(start: number): Promise<Block> {
    // One read for both: a block on disk is never larger than its content may be.
    const bytes = await source.read(table + start, METADATA_HEADER_SIZE + METADATA_BLOCK_SIZE)
    const { size, stored } = decodeMetadataHeader(bytes)
    const end = METADATA_HEADER_SIZE + size
    const onDisk = bytes.subarray(METADATA_HEADER_SIZE, end)
    return { content: stored ? onDisk : await expand(onDisk), next: start + end }
  }

  return {
    async read({ block: start, offset }, length) {
      const first = await block(start)
      if (offset + length <= first.content.length) return first.content.subarray(offset, offset + length)
      const pieces = [first.content.subarray(offset)]
      let missing = length - pieces[0]!.length
      for (let at = first; missing > 0 && at.content.length === METADATA_BLOCK_SIZE; ) {
        at = await block(at.next)
        const piece = at.content.subarray(0, missing)
        pieces.push(piece)
        missing -= piece.length
      }
      return joined(pieces)
    },
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

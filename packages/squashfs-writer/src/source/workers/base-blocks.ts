/** Base blocks: reads and decompresses blocks of the base, and compares contents with them, in any thread. */
import { readSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { decompressBlock, decompressorFor } from '../../codec/decompress.js'
import { ImageError, type ImageErrorCode } from '../../errors.js'
import { blockSizeOnDisk, isUncompressedBlock } from '../../format/data-block.js'
import type { BaseBlock, BaseFragmentPart } from '../../image/base-block.js'
import type { BlockEncoder, EncodedBlock } from '../../image/encode-block.js'
import type { BaseAccess, Jobs, SharedPart } from './protocol.js'

export interface BaseBlocks {
  /** The bytes of a block on disk. */
  raw(block: BaseBlock): Uint8Array
  /** The content of a block. @throws ImageError if it is damaged. */
  content(block: BaseBlock): Uint8Array | Promise<Uint8Array>
  /** A part of a fragment block. The last block is cached, since the next part is often in the same one. */
  part(part: BaseFragmentPart): Promise<Uint8Array>
}

/** An encoded block, and whether it is one of the base. */
export type EncodedOrReused = EncodedBlock & { readonly takenFromBase?: true }

/** @param blockSize maximum size of a block's content, in bytes. */
export function baseBlocks({ descriptor, compressor }: BaseAccess, blockSize: number): BaseBlocks {
  const fail = (what: string, code: ImageErrorCode = 'DAMAGED_IMAGE', cause?: unknown) =>
    new ImageError(code, `the base is damaged: ${what}`, { cause })
  const decompress = decompressorFor(compressor, fail)
  let kept: { readonly position: number; readonly content: Uint8Array } | null = null

  function raw({ position, sizeWord }: BaseBlock): Uint8Array {
    const bytes = new Uint8Array(blockSizeOnDisk(sizeWord))
    readWhole(descriptor, bytes, position)
    return bytes
  }
  const content = (block: BaseBlock) =>
    isUncompressedBlock(block.sizeWord) ? raw(block) : decompressBlock(decompress, raw(block), blockSize)

  return {
    raw,
    content,
    async part({ block, offset, length }) {
      if (kept?.position !== block.position)
        kept = { position: block.position, content: await content(block) }
      const bytes = kept.content.subarray(offset, offset + length)
      if (bytes.length === length) return bytes
      throw fail(`a fragment block has ${kept.content.length} bytes, and a tail ends at ${offset + length}`)
    },
  }
}

/**
 * Encodes a block, or reuses a block of the base with the same content. An uncompressed block of the base is not reused, since
 * this encoder might compress it.
 */
export function reuseOrEncode(
  bytes: Uint8Array,
  uncompressed: boolean,
  candidate: BaseBlock,
  base: BaseBlocks,
  encode: BlockEncoder,
  output?: Uint8Array,
): EncodedOrReused | Promise<EncodedOrReused> {
  if (uncompressed || isUncompressedBlock(candidate.sizeWord)) return encode(bytes, uncompressed, output)
  let content: Uint8Array | Promise<Uint8Array>
  try {
    content = base.content(candidate)
  } catch {
    return encode(bytes, uncompressed, output) // a damaged block of the base is not used
  }
  if (content instanceof Promise)
    return content.then(
      (found) => chosen(found),
      () => encode(bytes, uncompressed, output),
    )
  return chosen(content)

  function chosen(found: Uint8Array): EncodedOrReused | Promise<EncodedOrReused> {
    if (Buffer.compare(found, bytes) !== 0) return encode(bytes, uncompressed, output)
    return { data: base.raw(candidate), sizeWord: candidate.sizeWord, takenFromBase: true }
  }
}

/** Joins the parts of a fragment block's content. Some may be in the base. */
export async function joinedParts(
  parts: readonly (SharedPart | Uint8Array | BaseFragmentPart)[],
  base: BaseBlocks | null,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for (const part of parts) {
    if (part instanceof Uint8Array) pieces.push(part)
    else if ('buffer' in part) pieces.push(new Uint8Array(part.buffer, part.start, part.length))
    else if (base) pieces.push(await base.part(part))
    else throw new TypeError('there is no base')
  }
  if (pieces.length === 1) return pieces[0]!
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

/** Bytes that are read and checked at a time, so that they stay in the CPU cache. */
const CHECKED_AT_ONCE = 262_144

/** Checks adjacent blocks of the base. Returns the indices of those whose checksums do not match. */
export function checkBase({ base, position, sizes, checksums }: Jobs['check-base']['request']): number[] {
  const buffer = Buffer.allocUnsafeSlow(Math.max(CHECKED_AT_ONCE, ...sizes))
  const wrong: number[] = []
  let start = position
  for (let first = 0; first < sizes.length; ) {
    let [end, length] = [first, 0]
    while (end < sizes.length && length + sizes[end]! <= buffer.length) length += sizes[end++]!
    const isRead = isWholeRead(base.descriptor, buffer.subarray(0, length), start)
    let at = 0
    for (; first < end; first++) {
      const size = sizes[first]!
      if (!isRead || crc32(buffer.subarray(at, at + size)) !== checksums[first]) wrong.push(first)
      at += size
    }
    start += length
  }
  return wrong
}

/** Reads bytes. Returns false if they cannot be read, or the file ends before. */
function isWholeRead(descriptor: number, bytes: Uint8Array, position: number): boolean {
  try {
    readWhole(descriptor, bytes, position)
    return true
  } catch {
    return false
  }
}

/** Encodes the content of blocks of the base again. Returns whether the result is the same blocks. */
export async function tryBase(
  blocks: readonly BaseBlock[],
  base: BaseBlocks,
  encode: BlockEncoder,
): Promise<boolean> {
  for (const block of blocks) {
    let content: Uint8Array
    try {
      content = await base.content(block)
    } catch {
      continue // a damaged block says nothing about the encoder
    }
    const { data, sizeWord } = await encode(content, false)
    if (sizeWord !== block.sizeWord || Buffer.compare(data, base.raw(block)) !== 0) return false
  }
  return true
}

function readWhole(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const n = readSync(descriptor, bytes, done, bytes.length - done, position + done)
    if (n === 0) throw new ImageError('TRUNCATED_IMAGE', 'the base was cut off while it was read')
    done += n
  }
}

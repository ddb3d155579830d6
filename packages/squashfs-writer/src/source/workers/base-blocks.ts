/** Base blocks: what a worker does with blocks of the base: reads and expands them, and compares contents with theirs. */
import { readSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { expandedBlock, expanderOf } from '../../codec/expand.js'
import { ImageError, type ImageErrorCode } from '../../errors.js'
import { blockSizeOnDisk, isStoredBlock } from '../../format/data-block.js'
import type { BlockOfBase, PartOfBase } from '../../image/base-block.js'
import type { BlockEncoder, EncodedBlock } from '../../image/encode-block.js'
import { asBytePath } from '../../tree/byte-string.js'
import { failureOf } from './failure.js'
import {
  type BaseAccess,
  type ExaminationInBase,
  type Examine,
  type Jobs,
  MORE_IS_WANTED,
  type SharedPart,
} from './protocol.js'

export interface BaseBlocks {
  /** The bytes of a block as they lie in the base. */
  raw(block: BlockOfBase): Uint8Array
  /** What a block holds. @throws ImageError when it is damaged. */
  content(block: BlockOfBase): Uint8Array | Promise<Uint8Array>
  /** Bytes of a fragment block, which is kept: those that come next are often in the same. */
  part(part: PartOfBase): Promise<Uint8Array>
}

/** An encoded block, and whether it is one of the base. */
export type EncodedOrTaken = EncodedBlock & { readonly takenFromBase?: true }

/** @param blockSize bytes that a block has at most. */
export function baseBlocks({ descriptor, compressor }: BaseAccess, blockSize: number): BaseBlocks {
  const fail = (what: string, code: ImageErrorCode = 'DAMAGED_IMAGE', cause?: unknown) =>
    new ImageError(code, `the base is damaged: ${what}`, { cause })
  const expand = expanderOf(compressor, fail)
  let kept: { readonly position: number; readonly content: Uint8Array } | null = null

  function raw({ position, sizeWord }: BlockOfBase): Uint8Array {
    const bytes = new Uint8Array(blockSizeOnDisk(sizeWord))
    readWhole(descriptor, bytes, position)
    return bytes
  }
  const content = (block: BlockOfBase) =>
    isStoredBlock(block.sizeWord) ? raw(block) : expandedBlock(expand, raw(block), blockSize)

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
 * Encodes a block, unless the base has one of the same content. A block that is stored there says nothing of what this
 * encoder would make of it.
 */
export function takenOrEncoded(
  bytes: Uint8Array,
  stored: boolean,
  like: BlockOfBase,
  base: BaseBlocks,
  encode: BlockEncoder,
): EncodedOrTaken | Promise<EncodedOrTaken> {
  if (stored || isStoredBlock(like.sizeWord)) return encode(bytes, stored)
  let content: Uint8Array | Promise<Uint8Array>
  try {
    content = base.content(like)
  } catch {
    return encode(bytes, stored) // damaged: the base is used as far as it fits
  }
  if (content instanceof Promise)
    return content.then(
      (found) => chosen(found),
      () => encode(bytes, stored),
    )
  return chosen(content)

  function chosen(found: Uint8Array): EncodedOrTaken | Promise<EncodedOrTaken> {
    if (Buffer.compare(found, bytes) !== 0) return encode(bytes, stored)
    return { data: base.raw(like), sizeWord: like.sizeWord, takenFromBase: true }
  }
}

/** A fragment block's content, of which some parts lie in the base. */
export async function joinedParts(
  parts: readonly (SharedPart | Uint8Array | PartOfBase)[],
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

/** Bytes that are read at a time to be checked: they stay in the processor's cache meanwhile. */
const CHECKED_AT_ONCE = 262_144

/** Which of some blocks, one after another in the base, are not what their checksums say. */
export function checkBase({ base, position, sizes, checksums }: Jobs['check-base']['ask']): number[] {
  const room = Buffer.allocUnsafeSlow(Math.max(CHECKED_AT_ONCE, ...sizes))
  const wrong: number[] = []
  let start = position
  for (let first = 0; first < sizes.length; ) {
    let [end, length] = [first, 0]
    while (end < sizes.length && length + sizes[end]! <= room.length) length += sizes[end++]!
    const isRead = isWholeRead(base.descriptor, room.subarray(0, length), start)
    let at = 0
    for (; first < end; first++) {
      const size = sizes[first]!
      if (!isRead || crc32(room.subarray(at, at + size)) !== checksums[first]) wrong.push(first)
      at += size
    }
    start += length
  }
  return wrong
}

/** False for what cannot be read, or is cut off. */
function isWholeRead(descriptor: number, bytes: Uint8Array, position: number): boolean {
  try {
    readWhole(descriptor, bytes, position)
    return true
  } catch {
    return false
  }
}

/** Whether what these blocks hold becomes the same blocks again. */
export async function tryBase(
  blocks: readonly BlockOfBase[],
  base: BaseBlocks,
  encode: BlockEncoder,
): Promise<boolean> {
  for (const block of blocks) {
    let content: Uint8Array
    try {
      content = await base.content(block)
    } catch {
      continue // a damaged one says nothing of the encoder
    }
    const { data, sizeWord } = await encode(content, false)
    if (sizeWord !== block.sizeWord || Buffer.compare(data, base.raw(block)) !== 0) return false
  }
  return true
}

/** Examines files of the base, one after another. */
export async function examineBase(
  files: readonly ExaminationInBase[],
  base: BaseBlocks,
  blockSize: number,
  examine: Examine | null,
): Promise<Jobs['examine-base']['answer']> {
  const answers: Jobs['examine-base']['answer'] = []
  for (const file of files) {
    try {
      answers.push(await examineFile(file, base, blockSize, examine))
    } catch (error) {
      answers.push(failureOf(error))
    }
  }
  return answers
}

/** Thrown out of an examiner that wants bytes which are not at hand: it is called again when they are. */
class Missing extends Error {
  constructor(
    readonly start: number,
    readonly end: number,
  ) {
    super('these bytes are still to be read')
  }
}

async function examineFile(
  { path, size, known, places }: ExaminationInBase,
  base: BaseBlocks,
  blockSize: number,
  examine: Examine | null,
): Promise<Jobs['examine-base']['answer'][number]> {
  if (!examine) return { found: null }
  const parts = new Map(known.map(([start, bytes]) => [`${start}:${bytes.length}`, bytes]))
  const loaded = new Map<number, Uint8Array>()
  const read = (start: number, length: number): Uint8Array => {
    const given = Math.max(0, Math.min(length, size - start))
    const part = parts.get(`${start}:${given}`)
    if (part !== undefined) return new Uint8Array(Buffer.from(part, 'latin1'))
    const bytes = new Uint8Array(given)
    for (let at = start; at < start + given; ) {
      const index = Math.floor(at / blockSize)
      const piece = loaded.get(index)
      if (!piece) throw new Missing(start, start + given)
      const inPiece = piece.subarray(at - index * blockSize, start + given - index * blockSize)
      bytes.set(inPiece, at - start)
      at += inPiece.length
    }
    return bytes
  }
  for (;;) {
    try {
      return { found: examine({ path: asBytePath(path), size }, read) }
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      if (!places) return MORE_IS_WANTED
      for (let index = Math.floor(error.start / blockSize); index * blockSize < error.end; index++)
        loaded.set(index, await pieceAt(index, places))
    }
  }

  async function pieceAt(index: number, { blocks, tail }: NonNullable<typeof places>): Promise<Uint8Array> {
    const start = index * blockSize
    const tailStart = size - (tail?.length ?? 0)
    if (tail && start >= tailStart) return await base.part(tail)
    const length = Math.min(blockSize, tailStart - start)
    const block = blocks[index] ?? null
    const content = block ? await base.content(block) : new Uint8Array(length)
    if (content.length === length) return content
    throw new ImageError('DAMAGED_IMAGE', `the base is damaged: a block has ${content.length} bytes`)
  }
}

function readWhole(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const n = readSync(descriptor, bytes, done, bytes.length - done, position + done)
    if (n === 0) throw new ImageError('TRUNCATED_IMAGE', 'the base was cut off while it was read')
    done += n
  }
}

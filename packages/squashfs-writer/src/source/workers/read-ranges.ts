/**
 * Read ranges: reads ranges of files into a buffer, and encodes their blocks and fragment blocks while the bytes are in the CPU
 * cache.
 */
import { HOLE } from '../../format/data-block.js'
import { isValueWanted } from '../../tree/rules.js'
import { digestOf } from '../digest.js'
import type { EncodedOrReused } from './base-blocks.js'
import { failureOf } from './failure.js'
import { examine, type FileTools, type Range, rangeAt, readWhole } from './file-jobs.js'
import { isSamePlace } from './open-files.js'
import {
  BUFFER_SIZE,
  type CandidateBlocks,
  type Jobs,
  RangeFlag,
  type RangesRead,
  TAIL_BLOCK,
  TAIL_BLOCK_NUMBERS,
} from './protocol.js'

export async function readRanges(request: Jobs['read']['request'], tools: FileTools): Promise<RangesRead> {
  return await new RangesJob(request, tools).run()
}

class RangesJob {
  readonly #request: Jobs['read']['request']
  readonly #tools: FileTools
  readonly #bytes: Uint8Array
  readonly #candidates: ReadonlyMap<number, CandidateBlocks>
  readonly #read: RangesRead = {
    failures: [],
    digests: [],
    xattrs: [],
    examined: [],
    sizeWords: [],
    blocksAt: [],
    tailBlocks: [],
    takenFromBase: 0,
  }
  /** A block that an asynchronous codec is encoding, while the next file is read. */
  #pending: Promise<void> | null = null
  /** The current fragment block, its tails, and the digests of all contents so far. */
  #tailBlock = -1
  #tails: Uint8Array[] = []
  readonly #digests = new Set<string>()
  /** Offset of the next encoded block in the buffer. */
  #outputAt = BUFFER_SIZE

  constructor(request: Jobs['read']['request'], tools: FileTools) {
    this.#request = request
    this.#tools = tools
    this.#bytes = new Uint8Array(request.buffer)
    this.#candidates = new Map(request.ranges.candidates)
  }

  async run(): Promise<RangesRead> {
    const { ranges } = this.#request
    const count = ranges.names.length
    for (let n = 0, range = count > 0 ? rangeAt(ranges, 0) : null; range; n++) {
      const next: Range | null = n + 1 < count ? rangeAt(ranges, n + 1) : null
      const isRead = this.#tryRead(n, range, next)
      if (this.#pending) await this.#encoded()
      this.#read.blocksAt.push(this.#outputAt)
      for (let at = 0; at < range.inBlocks; at += this.#tools.blockSize) {
        const index = this.#read.sizeWords.push(HOLE) - 1
        const block = this.#part(range, at, Math.min(at + this.#tools.blockSize, range.inBlocks))
        if (!isRead || isZero(block)) continue
        if (this.#pending) await this.#encoded()
        this.#encodeBlock(n, at, block, index)
      }
      const isRepeated = this.#isRepeated(n)
      if (range.tailBlock >= 0) {
        if (range.tailBlock !== this.#tailBlock) await this.#encodeTails()
        this.#tailBlock = range.tailBlock
        if (isRead && !isRepeated) this.#tails.push(this.#part(range, range.inBlocks, range.length))
      }
      range = next
    }
    await this.#encodeTails()
    await this.#encoded()
    return this.#read
  }

  #part({ at }: Range, start: number, end: number): Uint8Array {
    return this.#bytes.subarray(at + start, at + end)
  }

  /** Reads a range. @returns whether it could be read. */
  #tryRead(n: number, range: Range, next: Range | null): boolean {
    try {
      this.#readRange(n, range, next)
      return true
    } catch (error) {
      this.#read.failures.push([n, failureOf(error)])
      return false
    }
  }

  #readRange(n: number, range: Range, next: Range | null): void {
    const { place, size, start, flags } = range
    const { files, source } = this.#tools
    const { xattrs, examined, digests } = this.#read
    const own = this.#part(range, 0, range.length)
    const use = (descriptor: number) => {
      if (flags & RangeFlag.XATTRS) {
        const found = source.xattrs(descriptor, isValueWanted)
        if (xattrs.at(-1)?.[0] === n) xattrs.pop() // the file is read again
        if (found.length > 0) xattrs.push([n, found])
      }
      readWhole(descriptor, own, start, size)
      if (flags & RangeFlag.EXAMINE && typeof place === 'object' && place !== null) {
        if (examined.at(-1)?.[0] === n) examined.pop()
        examined.push([n, examine(place, size, own, start, descriptor, this.#tools)])
      }
    }
    if (typeof place === 'number') use(place)
    else if (place !== null) {
      const isNext = typeof next?.place === 'object' && next.place !== null && isSamePlace(place, next.place)
      files.withFile(place, isNext || start + range.length < size, use)
    }
    if (flags & RangeFlag.DIGEST) digests.push([n, digestOf(own)])
  }

  /** Whether an earlier file of this job has the same content. */
  #isRepeated(n: number): boolean {
    const last = this.#read.digests.at(-1)
    if (last?.[0] !== n) return false
    if (this.#digests.has(last[1])) return true
    this.#digests.add(last[1])
    return false
  }

  #encodeBlock(n: number, at: number, block: Uint8Array, index: number): void {
    const { base = null } = this.#request
    const { encode, reuseOrEncode, uncompressedData, blockSize } = this.#tools
    const candidate = this.#candidates.get(n)?.[at / blockSize] ?? null
    const output = this.#bytes.subarray(this.#outputAt)
    const encoded =
      candidate && base
        ? reuseOrEncode(block, uncompressedData, candidate, base, output)
        : encode(block, uncompressedData, output)
    this.#put(encoded, this.#read.sizeWords, index)
  }

  async #encodeTails(): Promise<void> {
    if (this.#tailBlock < 0) return
    if (this.#pending) await this.#encoded()
    const tails = this.#tails
    this.#tails = []
    const { tailBlocks } = this.#read
    const first = tailBlocks.push(tails.length, HOLE, this.#outputAt) - TAIL_BLOCK_NUMBERS
    if (tails.length === 0) return
    const { encode, uncompressedTails, scratch } = this.#tools
    const encoded = encode(joined(tails, scratch), uncompressedTails, this.#bytes.subarray(this.#outputAt))
    this.#put(encoded, tailBlocks, first + TAIL_BLOCK.sizeWord)
  }

  /** Puts an encoded block into the buffer, now or later, and records its size word. */
  #put(block: EncodedOrReused | Promise<EncodedOrReused>, sizeWords: number[], index: number): void {
    const take = ({ data, sizeWord, takenFromBase }: EncodedOrReused) => {
      if (takenFromBase) this.#read.takenFromBase += data.length
      sizeWords[index] = sizeWord
      if (data.buffer !== this.#bytes.buffer || data.byteOffset !== this.#outputAt)
        this.#bytes.set(data, this.#outputAt)
      this.#outputAt += data.length
    }
    if (block instanceof Promise) this.#pending = block.then(take)
    else take(block)
  }

  async #encoded(): Promise<void> {
    await this.#pending
    this.#pending = null
  }
}

/** The tails as one block: in place if they are adjacent, else copied to `scratch`. */
function joined(tails: readonly Uint8Array[], scratch: Uint8Array): Uint8Array {
  const [first, last] = [tails[0]!, tails.at(-1)!]
  const length = tails.reduce((sum, tail) => sum + tail.length, 0)
  const end = last.byteOffset + last.length
  if (end - first.byteOffset === length) return new Uint8Array(first.buffer, first.byteOffset, length)
  let at = 0
  for (const tail of tails) {
    scratch.set(tail, at)
    at += tail.length
  }
  return scratch.subarray(0, length)
}

/** Whether all bytes are zero. */
function isZero(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0 || bytes[bytes.length - 1] !== 0) return false
  for (let n = 1; n < bytes.length; n++) if (bytes[n] !== 0) return false
  return true
}

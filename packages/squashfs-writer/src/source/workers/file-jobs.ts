/** File jobs: the work on a file while it is open: reading, digesting, examining, and encoding its blocks. */
import { readSync } from 'node:fs'
import { HOLE } from '../../format/data-block.js'
import type { BlockOfBase } from '../../image/base-block.js'
import type { BlockEncoder } from '../../image/encode-block.js'
import type { BytePath } from '../../tree/byte-string.js'
import { isValueWanted } from '../../tree/rules.js'
import { createLargeDigest, digestOf, PART_SIZE } from '../digest.js'
import type { SourceCalls } from '../filesystem.js'
import type { EncodedOrTaken } from './base-blocks.js'
import { attempt, ChangedError, failureOf } from './failure.js'
import { isSamePlace, type OpenFiles } from './open-files.js'
import {
  type BaseAccess,
  type Examine,
  type FilePlace,
  type Jobs,
  RANGE,
  RANGE_NUMBERS,
  RangeFlag,
  type Ranges,
  type RangesRead,
} from './protocol.js'

/** The context of file jobs. */
export interface FileTools {
  readonly source: SourceCalls
  readonly files: OpenFiles
  readonly encode: BlockEncoder
  /** The same, unless a block of the base has the same content. */
  readonly encodeLike: (
    bytes: Uint8Array,
    stored: boolean,
    like: BlockOfBase,
    base: BaseAccess,
  ) => EncodedOrTaken | Promise<EncodedOrTaken>
  readonly blockSize: number
  readonly storeData: boolean
  readonly examine: Examine | null
  /** A file's path from the packed directory on. */
  readonly pathOf: (place: FilePlace) => BytePath
}

/** One range, taken from the columns. */
interface Range {
  readonly place: FilePlace | number | null
  readonly size: number
  readonly start: number
  readonly length: number
  readonly at: number
  readonly inBlocks: number
  readonly flags: number
}

function rangeAt({ directories, names, seen, numbers }: Ranges, n: number): Range {
  const directory = directories[n]!
  const first = n * RANGE_NUMBERS
  return {
    place:
      typeof directory === 'object' && directory !== null
        ? { directory, name: names[n]!, seen: seen[n]! }
        : directory,
    size: numbers[first + RANGE.size]!,
    start: numbers[first + RANGE.start]!,
    length: numbers[first + RANGE.length]!,
    at: numbers[first + RANGE.at]!,
    inBlocks: numbers[first + RANGE.inBlocks]!,
    flags: numbers[first + RANGE.flags]!,
  }
}

/** Reads ranges into a buffer, one after another, and encodes their blocks in place while the bytes are in the cache. */
export async function readRanges(
  { ranges, buffer, base }: Jobs['read']['ask'],
  tools: FileTools,
): Promise<RangesRead> {
  const read: RangesRead = {
    failures: [],
    digests: [],
    xattrs: [],
    examined: [],
    sizeWords: [],
    takenFromBase: 0,
  }
  const likes = new Map(ranges.likes)
  const bytes = new Uint8Array(buffer)
  /** A block that a codec with a thread of its own is at work on, while the next file is read. */
  let pending: Promise<void> | null = null
  let range = rangeAt(ranges, 0)
  for (let n = 0; n < ranges.names.length; n++) {
    const next = n + 1 < ranges.names.length ? rangeAt(ranges, n + 1) : null
    try {
      take(n, range, next)
    } catch (error) {
      read.failures.push([n, failureOf(error)])
    }
    const end = range.at + range.inBlocks
    for (let at = range.at; at < end; at += tools.blockSize) {
      const index = read.sizeWords.push(HOLE) - 1
      if (read.failures.at(-1)?.[0] === n) continue
      const block = bytes.subarray(at, Math.min(at + tools.blockSize, end))
      if (isZero(block)) continue
      if (pending) {
        await pending
        pending = null
      }
      const like = likes.get(n)?.[(at - range.at) / tools.blockSize] ?? null
      const encoded =
        like && base
          ? tools.encodeLike(block, tools.storeData, like, base)
          : tools.encode(block, tools.storeData)
      if (encoded instanceof Promise) pending = encoded.then((late) => put(late, block, index))
      else put(encoded, block, index)
    }
    if (next) range = next
  }
  await pending
  return read

  function take(n: number, range: Range, next: Range | null): void {
    const { place } = range
    const own = bytes.subarray(range.at, range.at + range.length)
    const use = (descriptor: number) => {
      if (range.flags & RangeFlag.XATTRS) {
        const found = tools.source.xattrs(descriptor, isValueWanted)
        if (read.xattrs.at(-1)?.[0] === n) read.xattrs.pop() // the file is read again
        if (found.length > 0) read.xattrs.push([n, found])
      }
      readWhole(descriptor, own, range.start, range.size)
      if (range.flags & RangeFlag.EXAMINE && typeof place === 'object' && place !== null) {
        if (read.examined.at(-1)?.[0] === n) read.examined.pop()
        read.examined.push([n, examine(place, range.size, own, range.start, descriptor, tools)])
      }
    }
    if (typeof place === 'number') use(place)
    else if (place !== null) {
      const isNext = typeof next?.place === 'object' && next.place !== null && isSamePlace(place, next.place)
      tools.files.withFile(place, isNext || range.start + range.length < range.size, use)
    }
    if (range.flags & RangeFlag.DIGEST) read.digests.push([n, digestOf(own)])
  }

  function put(encoded: EncodedOrTaken, block: Uint8Array, index: number): void {
    const { data, sizeWord, takenFromBase } = encoded
    if (takenFromBase) read.takenFromBase += data.length
    read.sizeWords[index] = sizeWord
    if (data.buffer !== block.buffer) block.set(data)
  }
}

/** Examines a file of which some bytes were read already. */
function examine(
  place: FilePlace,
  size: number,
  known: Uint8Array,
  knownFrom: number,
  descriptor: number,
  tools: FileTools,
): unknown {
  return tools.examine?.({ path: tools.pathOf(place), size }, (start, wanted) => {
    const length = Math.max(0, Math.min(wanted, size - start))
    if (start >= knownFrom && start + length <= knownFrom + known.length)
      return known.slice(start - knownFrom, start - knownFrom + length)
    const bytes = new Uint8Array(length)
    readWhole(descriptor, bytes, start, size)
    return bytes
  })
}

/** Opens files one after another, and examines them. */
export function examineFiles(
  { ranges }: Jobs['examine']['ask'],
  tools: FileTools,
): Jobs['examine']['answer'] {
  return ranges.names.map((_, n) =>
    attempt(() => {
      const { place, size } = rangeAt(ranges, n)
      if (typeof place !== 'object' || place === null) throw new TypeError('only files on disk are examined')
      const nothing = new Uint8Array(0)
      const use = (descriptor: number) => examine(place, size, nothing, 0, descriptor, tools)
      return { found: tools.files.withFile(place, false, use) }
    }),
  )
}

/** The digest of a whole file. */
export function digestFile({ ranges }: Jobs['digest']['ask'], tools: FileTools) {
  const { place, size, start, length, flags } = rangeAt(ranges, 0)
  if (place === null) throw new TypeError('what lies in a buffer is digested there')
  if (typeof place === 'number')
    return { digest: digestOfFile(place, start, length, size, [0, length]), examined: undefined }
  return tools.files.withFile(place, false, (descriptor) => {
    const examined =
      flags & RangeFlag.EXAMINE ? examine(place, size, new Uint8Array(0), 0, descriptor, tools) : undefined
    const extents = tools.source.extents(descriptor, size)
    return { digest: digestOfFile(descriptor, start, length, size, extents), examined }
  })
}

function digestOfFile(
  descriptor: number,
  start: number,
  length: number,
  size: number,
  extents: readonly number[],
): string {
  const digest = createLargeDigest(length)
  const buffer = new Uint8Array(PART_SIZE)
  let next = 0
  for (let n = 0; n < extents.length; n += 2) {
    const first = Math.max(next, Math.floor(extents[n]! / PART_SIZE) * PART_SIZE)
    for (next = first; next < extents[n + 1]!; next += PART_SIZE) {
      const part = buffer.subarray(0, Math.min(PART_SIZE, length - next))
      readWhole(descriptor, part, start + next, size)
      digest.add(part, next)
    }
  }
  return digest.result()
}

/** Where a file has data. */
export function extentsOf({ ranges }: Jobs['extents']['ask'], { files, source }: FileTools): number[] {
  const { place, size } = rangeAt(ranges, 0)
  if (typeof place !== 'object' || place === null) return [0, size]
  return files.withFile(place, true, (descriptor) => source.extents(descriptor, size))
}

/** Fills `bytes` from `start` on. */
function readWhole(descriptor: number, bytes: Uint8Array, start: number, size: number): void {
  for (let done = 0; done < bytes.length; ) {
    const n = readSync(descriptor, bytes, done, bytes.length - done, start + done)
    if (n === 0) throw new ChangedError(`it shrank from ${size} to ${start + done} bytes while it was read`)
    done += n
  }
}

/** Whether all bytes are zero. */
function isZero(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0 || bytes[bytes.length - 1] !== 0) return false
  for (let n = 1; n < bytes.length; n++) if (bytes[n] !== 0) return false
  return true
}

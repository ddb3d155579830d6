/** File jobs: digests and examines files while they are open, and finds their holes. */
import { readSync } from 'node:fs'
import type { BaseBlock } from '../../image/base-block.js'
import type { BlockEncoder } from '../../image/encode-block.js'
import type { BytePath } from '../../tree/byte-string.js'
import { createLargeDigest, PART_SIZE } from '../digest.js'
import type { SourceCalls } from '../filesystem.js'
import type { EncodedOrReused } from './base-blocks.js'
import { attempt, ChangedError } from './failure.js'
import type { OpenFiles } from './open-files.js'
import {
  type BaseAccess,
  type Examine,
  type FilePlace,
  type Jobs,
  RANGE,
  RANGE_NUMBERS,
  RangeFlag,
  type Ranges,
} from './protocol.js'

/** The context of jobs on files. */
export interface FileTools {
  readonly source: SourceCalls
  readonly files: OpenFiles
  readonly encode: BlockEncoder
  /** Encodes a block, or reuses a block of the base with the same content. */
  readonly reuseOrEncode: (
    bytes: Uint8Array,
    uncompressed: boolean,
    candidate: BaseBlock,
    base: BaseAccess,
    output: Uint8Array,
  ) => EncodedOrReused | Promise<EncodedOrReused>
  readonly blockSize: number
  readonly uncompressedData: boolean
  readonly uncompressedTails: boolean
  /** A buffer in which tails that are not adjacent are joined. */
  readonly scratch: Uint8Array
  readonly examine: Examine | null
  /** The path of a file relative to the packed directory. */
  readonly pathOf: (place: FilePlace) => BytePath
}

/** A range from the columns of {@link Ranges}. */
export interface Range {
  readonly place: FilePlace | number | null
  readonly size: number
  readonly start: number
  readonly length: number
  readonly at: number
  readonly inBlocks: number
  readonly flags: number
  readonly tailBlock: number
}

export function rangeAt({ directories, names, seen, numbers }: Ranges, n: number): Range {
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
    tailBlock: numbers[first + RANGE.tailBlock]!,
  }
}

/** Examines a file of which some bytes are already in memory. */
export function examine(
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
  { ranges }: Jobs['examine']['request'],
  tools: FileTools,
): Jobs['examine']['response'] {
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
export function digestFile({ ranges }: Jobs['digest']['request'], tools: FileTools) {
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

/** The parts of a file that have data. */
export function extentsOf({ ranges }: Jobs['extents']['request'], { files, source }: FileTools): number[] {
  const { place, size } = rangeAt(ranges, 0)
  if (typeof place !== 'object' || place === null) return [0, size]
  return files.withFile(place, true, (descriptor) => source.extents(descriptor, size))
}

/** Fills `bytes` from an open file, beginning at `start`. */
export function readWhole(descriptor: number, bytes: Uint8Array, start: number, size: number): void {
  for (let done = 0; done < bytes.length; ) {
    const n = readSync(descriptor, bytes, done, bytes.length - done, start + done)
    if (n === 0) throw new ChangedError(`it shrank from ${size} to ${start + done} bytes while it was read`)
    done += n
  }
}

/** Read contents: files of all kinds, ahead of their use and in order, through a bounded number of buffers. */
import type { Batch, ContentReader, ContentRequest, Piece } from '../image/content-reader.js'
import type { FileNode } from '../tree/node.js'
import { type Applied, isValueWanted } from '../tree/rules.js'
import { findLargeRepeats, type LargeRepeats } from './large-repeats.js'
import { readStream } from './stream-reader.js'
import type { Pool } from './workers/pool.js'
import {
  addRange,
  type BaseAccess,
  type BlocksOfBase,
  BUFFER_SIZE,
  type Failure,
  isFailure,
  noRanges,
  RANGE,
  RANGE_NUMBERS,
  RangeFlag,
  type RangeRequest,
  type RangesRead,
  rangeOf,
} from './workers/protocol.js'

/** Files in one step; and where every file costs a wait, few enough that many workers have a share to the end. */
const FILES_PER_STEP = 128
const SLOW_FILES_PER_STEP = 8
/** Buffers for each job that keeps the pool busy, beside those whose tails wait for their fragment. */
const BUFFERS_BESIDE = 6

/** How many small files are best read in one go. */
export function filesPerStep(pool: Pool): number {
  return pool.areSlow() ? SLOW_FILES_PER_STEP : FILES_PER_STEP
}

/** The context of the content reader. */
export interface ReaderOptions {
  /** Bytes: a large file is cut at multiples of it. */
  readonly blockSize: number
  /** The rules for mode and xattrs of a file that brings its xattrs. */
  readonly accessRules: Applied['access']
  /** The files that are examined while they are read, and the callback for the results. */
  readonly examination: Examination | null
  /** Told of files that have xattrs which an image could hold. */
  readonly onXattrs?: (file: FileNode) => void
  /** Blocks of the base that files may have, too. */
  readonly likeness?: Likeness | null
}

export interface Examination {
  /** The examiner and its version; null where its answers are not to be recorded. */
  readonly version: string | null
  wants(file: FileNode): boolean
  found(file: FileNode, answer: unknown): void
}

/** Where the base may have the same content as files that are read. */
export interface Likeness {
  readonly access: BaseAccess
  /** Blocks of the base for a range of a file that is cut into blocks; null for none. */
  blocksOf(file: FileNode, start: number, length: number): BlocksOfBase | null
  /** Told how many bytes of blocks were taken from it. */
  taken(bytes: number): void
}

/** One buffer's worth of work. */
type Step = (buffer: SharedArrayBuffer) => Promise<Piece[]>

interface Reading extends ReaderOptions {
  readonly pool: Pool
  readonly request: ContentRequest
  readonly repeats: LargeRepeats
}

export function createContentReader(pool: Pool, options: ReaderOptions): ContentReader {
  return {
    async *read(files, request) {
      pool.expect({ names: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) })
      const repeats = await findLargeRepeats(files, request, pool, options.examination)
      const steps = stepsOf(files, { ...options, pool, request, repeats })
      const free: SharedArrayBuffer[] = []
      let inUse = 0
      let waiting: (() => void) | null = null
      const ahead: Promise<Batch>[] = []
      let more = true
      while (true) {
        while (more && inUse < buffersFor(pool)) {
          const { value: step, done } = await steps.next()
          if (done) more = false
          else ahead.push(begin(step, free.pop() ?? new SharedArrayBuffer(BUFFER_SIZE)))
        }
        const next = ahead.shift()
        if (next) yield await next
        else if (!more) return
        else await new Promise<void>((resolve) => (waiting = resolve))
      }

      function begin(step: Step, buffer: SharedArrayBuffer): Promise<Batch> {
        inUse++
        const batch = step(buffer).then((pieces) => ({ pieces, release: () => give(buffer) }))
        batch.catch(() => {}) // thrown where it is waited for
        return batch
      }

      function give(buffer: SharedArrayBuffer): void {
        inUse--
        free.push(buffer)
        waiting?.()
        waiting = null
      }
    },
  }
}

/** Memory is bounded by this, whatever the sizes. */
function buffersFor(pool: Pool): number {
  return BUFFERS_BESIDE + pool.jobsWanted()
}

async function* stepsOf(files: readonly FileNode[], reading: Reading): AsyncGenerator<Step, undefined> {
  let group: FileNode[] = []
  let groupSize = 0
  for (const file of files) {
    const room = sharesBuffer(file) ? file.size : null
    if (
      group.length > 0 &&
      (room === null || groupSize + room > BUFFER_SIZE || group.length >= filesPerStep(reading.pool))
    ) {
      yield smallFilesStep(group, reading)
      group = []
      groupSize = 0
    }
    if (room === null) yield* largeFileSteps(file, reading)
    else {
      group.push(file)
      groupSize += room
    }
  }
  if (group.length > 0) yield smallFilesStep(group, reading)
  return undefined
}

/** Whether a file is read whole into a buffer that it shares with others. */
function sharesBuffer({ content, size }: FileNode): boolean {
  return content.kind !== 'stream' && size <= BUFFER_SIZE
}

function smallFilesStep(group: readonly FileNode[], reading: Reading): Step {
  const { request, examination } = reading
  return async (buffer) => {
    const ranges = noRanges()
    let at = 0
    for (const file of group) {
      const flags =
        RangeFlag.XATTRS |
        (request.wantsDigest(file) ? RangeFlag.DIGEST : 0) |
        (examination?.wants(file) ? RangeFlag.EXAMINE : 0)
      if (file.content.kind === 'bytes') new Uint8Array(buffer).set(file.content.bytes, at)
      addRange(ranges, file, {
        start: 0,
        length: file.size,
        at,
        inBlocks: bytesInBlocks(file, reading),
        flags,
        like: reading.likeness?.blocksOf(file, 0, bytesInBlocks(file, reading)) ?? null,
      })
      at += file.size
    }
    const read = await reading.pool.run('read', { ranges, buffer, base: reading.likeness?.access ?? null })
    reading.likeness?.taken(read.takenFromBase)
    return piecesOf(group, ranges.numbers, read, buffer, reading)
  }
}

/** Bytes of a file that go to blocks of its own. */
function bytesInBlocks(file: FileNode, { request }: Reading): number {
  return request.wantsBlocks() ? file.size - request.tailSize(file) : 0
}

/** The results of whole files in a buffer. */
function piecesOf(
  files: readonly FileNode[],
  numbers: readonly number[],
  { failures, digests, xattrs, examined, sizeWords }: RangesRead,
  buffer: SharedArrayBuffer,
  { blockSize, accessRules, examination, onXattrs }: Reading,
): Piece[] {
  for (const [n, has] of xattrs) {
    if (has.some(([name]) => isValueWanted(name))) onXattrs?.(files[n]!)
    Object.assign(files[n]!, accessRules(files[n]!.mode, has))
  }
  for (const [n, answer] of examined) examination?.found(files[n]!, answer)
  const failed = new Map(failures)
  const digestOfFile = new Map(digests)
  let words = 0
  return files.map((file, n) => {
    const first = n * RANGE_NUMBERS
    const [at, inBlocks] = [numbers[first + RANGE.at]!, numbers[first + RANGE.inBlocks]!]
    const own = sizeWords.slice(words, words + Math.ceil(inBlocks / blockSize))
    words += own.length
    const failure = failed.get(n)
    if (failure) return failedPiece(file, failure)
    const bytes = new Uint8Array(buffer, at, file.size)
    return {
      file,
      content: { sizeWords: own, bytes, inBlocks },
      size: file.size,
      digest: digestOfFile.get(n) ?? null,
      last: true,
      failure: null,
    }
  })
}

function failedPiece(file: FileNode, failure: Failure): Piece {
  return { file, content: 0, size: file.size, digest: null, last: true, failure }
}

async function* largeFileSteps(file: FileNode, reading: Reading): AsyncGenerator<Step, undefined> {
  const { repeats, pool, blockSize, request } = reading
  const digest = repeats.digests.get(file) ?? null
  const failure = repeats.failures.get(file)
  if (failure) return yield async () => [failedPiece(file, failure)]
  if (repeats.repeated.has(file)) {
    const piece: Piece = { file, content: null, size: file.size, digest, last: true, failure: null }
    return yield async () => [piece]
  }

  const { content } = file
  const fill = content.kind === 'stream' ? streamFiller(content.open, file.size) : bytesFiller(content)
  const extents =
    content.kind === 'disk' && content.sparse
      ? await pool.run('extents', { ranges: rangeOf(file) })
      : [0, file.size]
  if (isFailure(extents)) return yield async () => [failedPiece(file, extents)]

  let examine = reading.examination?.wants(file) && digest === null
  // An examined file must be opened: where all is a hole, its first block is read.
  const dataExtents = examine && extents.length === 0 ? [0, 1] : extents
  for (const { start, length, hole } of rangesOf(dataExtents, file.size, blockSize)) {
    const last = start + length === file.size
    const inBlocks = request.wantsBlocks() ? length - (last ? request.tailSize(file) : 0) : 0
    const head = { file, size: length, digest: start === 0 ? digest : null, last, failure: null }
    if (hole) {
      yield async () => [{ ...head, content: inBlocks }]
      continue
    }
    const flags = examine ? RangeFlag.EXAMINE : 0
    examine = false
    yield async (buffer) => {
      const bytes = new Uint8Array(buffer, 0, length)
      const failure = await fill(bytes, start)
      if (failure) return [failedPiece(file, failure)]
      const own = digest === null && request.wantsDigest(file) && length === file.size ? RangeFlag.DIGEST : 0
      const read = await readRange(
        file,
        {
          start,
          length,
          at: 0,
          inBlocks,
          flags: flags | own,
          like: reading.likeness?.blocksOf(file, start, inBlocks) ?? null,
        },
        buffer,
        reading,
      )
      if (isFailure(read)) return [failedPiece(file, read)]
      const found = read.digests[0]?.[1] ?? head.digest
      return [{ ...head, digest: found, content: { sizeWords: read.sizeWords, bytes, inBlocks } }]
    }
  }
}

async function readRange(
  file: FileNode,
  request: RangeRequest,
  buffer: SharedArrayBuffer,
  { pool, examination, likeness }: Reading,
): Promise<RangesRead | Failure> {
  const ranges = noRanges()
  addRange(ranges, file, request)
  const read = await pool.run('read', { ranges, buffer, base: likeness?.access ?? null })
  likeness?.taken(read.takenFromBase)
  for (const [, answer] of read.examined) examination?.found(file, answer)
  return read.failures[0]?.[1] ?? read
}

/** Puts a range into a buffer, where its bytes do not come from a disk. */
type Filler = (bytes: Uint8Array, start: number) => Promise<Failure | null>

function bytesFiller(content: FileNode['content']): Filler {
  return async (bytes, start) => {
    if (content.kind === 'bytes') bytes.set(content.bytes.subarray(start, start + bytes.length))
    return null
  }
}

/** A stream gives its ranges one after another, in whatever order they are requested. */
function streamFiller(open: () => AsyncIterable<Uint8Array>, size: number): Filler {
  const stream = readStream(open, size)
  let before: Promise<Failure | null> = Promise.resolve(null)
  return (bytes) => {
    before = before.then((failure) => failure ?? stream.fill(bytes))
    return before
  }
}

/** Ranges of at most a buffer of data, or of a hole of any length, that begin and end at block borders. */
function* rangesOf(
  extents: readonly number[],
  size: number,
  blockSize: number,
): Iterable<{ start: number; length: number; hole: boolean }> {
  if (size === 0) yield { start: 0, length: 0, hole: false }
  let at = 0
  for (let n = 0; n < extents.length; n += 2) {
    const start = Math.max(at, Math.floor(extents[n]! / blockSize) * blockSize)
    const end = Math.min(size, Math.ceil(extents[n + 1]! / blockSize) * blockSize)
    if (start > at) yield { start: at, length: start - at, hole: true }
    for (at = Math.max(at, start); at < end; at += BUFFER_SIZE)
      yield { start: at, length: Math.min(BUFFER_SIZE, end - at), hole: false }
    at = Math.max(end, Math.min(at, end))
  }
  if (at < size) yield { start: at, length: size - at, hole: true }
}

/** Read contents: reads the contents of files in advance and in order, into a limited number of buffers. */
import { blockSizeOnDisk } from '../format/data-block.js'
import type {
  Batch,
  ContentReader,
  ContentRequest,
  EncodedContent,
  Piece,
  TailBlock,
} from '../image/content-reader.js'
import type { FileNode } from '../tree/node.js'
import { type CompiledRules, isValueWanted } from '../tree/rules.js'
import { blockRanges } from './block-ranges.js'
import { FileGroup, groupLimits } from './file-group.js'
import { findLargeRepeats, type LargeRepeats } from './large-repeats.js'
import { readStream } from './stream-reader.js'
import type { Pool } from './workers/pool.js'
import {
  addRange,
  type BaseAccess,
  BUFFER_SIZE,
  type CandidateBlocks,
  type Failure,
  isFailure,
  JOB_BUFFER_SIZE,
  noRanges,
  RANGE,
  RANGE_NUMBERS,
  RangeFlag,
  type RangeRequest,
  type RangesRead,
  rangeOf,
  TAIL_BLOCK,
  TAIL_BLOCK_NUMBERS,
} from './workers/protocol.js'

const NOTHING = new Uint8Array(0)
/** Extra buffers, for tails that wait for their fragment block. All other buffers are in use by jobs. */
const EXTRA_BUFFERS = 6

/** The context of the content reader. */
export interface ReaderOptions {
  /** In bytes. A large file is divided at multiples of it. */
  readonly blockSize: number
  /** The rules for mode and xattrs of a file whose xattrs are read with its content. */
  readonly accessRules: CompiledRules['access']
  /** The files that are examined while they are read, and the callback for the results. */
  readonly examination: Examination | null
  /** Called for files that have xattrs which an image could hold. */
  readonly onXattrs?: (file: FileNode) => void
  /** Blocks of the base that may have the same content as files. */
  readonly baseCandidates?: BaseCandidates | null
}

export interface Examination {
  /** The version of the examiner; null if its results are not recorded. */
  readonly version: string | null
  /** Whether a file is to be examined. */
  wants(file: FileNode): boolean
  /** Called with the result for a file. */
  found(file: FileNode, result: unknown): void
}

/** Blocks and tails of the base that may have the same content as files. */
export interface BaseCandidates {
  readonly access: BaseAccess
  /** The candidates for the blocks of a range; null for none. */
  blocksOf(file: FileNode, start: number, length: number): CandidateBlocks | null
  /** Whether the base may have the tail of a file. */
  mayHaveTail(file: FileNode): boolean
  /** Called with the size of blocks that were copied from the base. */
  taken(bytes: number): void
}

/** The work that uses one buffer. */
type Step = (buffer: SharedArrayBuffer) => Promise<StepResult>

type StepResult = Pick<Batch, 'pieces' | 'tailBlocks'>

/** The result of a step with a single piece. */
const onePiece = (piece: Piece): StepResult => ({ pieces: [piece], tailBlocks: [] })

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
      const buffers = new Buffers()
      const ahead: Promise<Batch>[] = []
      let more = true
      while (true) {
        while (more && buffers.inUse < buffersFor(pool)) {
          const { value: step, done } = await steps.next()
          if (done) more = false
          else ahead.push(begin(step, buffers))
        }
        const next = ahead.shift()
        if (next) yield await next
        else if (!more) return
        else await buffers.given()
      }
    },
  }
}

function begin(step: Step, buffers: Buffers): Promise<Batch> {
  const buffer = buffers.take()
  const batch = step(buffer).then((result) => ({ ...result, release: () => buffers.give(buffer) }))
  batch.catch(() => {}) // the reader of the batch gets the error
  return batch
}

/** A pool of buffers. A new buffer is allocated only if no returned one is free. */
class Buffers {
  readonly #free: SharedArrayBuffer[] = []
  #wake: (() => void) | null = null
  inUse = 0

  take(): SharedArrayBuffer {
    this.inUse++
    return this.#free.pop() ?? new SharedArrayBuffer(JOB_BUFFER_SIZE)
  }

  give(buffer: SharedArrayBuffer): void {
    this.inUse--
    this.#free.push(buffer)
    this.#wake?.()
    this.#wake = null
  }

  /** Resolves when the next buffer is returned. */
  given(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

/** The maximum number of buffers, which limits memory for any file sizes. */
function buffersFor(pool: Pool): number {
  return EXTRA_BUFFERS + pool.jobsWanted()
}

async function* stepsOf(files: readonly FileNode[], reading: Reading): AsyncGenerator<Step, undefined> {
  const group = new FileGroup(reading.request.plan)
  for (const file of files) {
    if (sharesBuffer(file)) {
      const limits = groupLimits(reading.pool)
      for (let full = group.takeBefore(file, limits); full; full = group.takeBefore(file, limits))
        yield smallFilesStep(full, reading)
      group.add(file)
      continue
    }
    const before = group.takeAll()
    if (before.length > 0) yield smallFilesStep(before, reading)
    yield* largeFileSteps(file, reading)
  }
  const last = group.takeAll()
  if (last.length > 0) yield smallFilesStep(last, reading)
  return undefined
}

/** Whether a file is read completely into a buffer that it shares with others. */
function sharesBuffer({ content, size }: FileNode): boolean {
  return content.kind !== 'stream' && size <= BUFFER_SIZE
}

function smallFilesStep(group: readonly FileNode[], reading: Reading): Step {
  const { request, examination, baseCandidates } = reading
  return async (buffer) => {
    const ranges = noRanges()
    const blocks = request.wantsBlocks() ? tailBlocksOf(group, reading) : []
    let at = 0
    for (const file of group) {
      const flags =
        RangeFlag.XATTRS |
        (request.wantsDigest(file) ? RangeFlag.DIGEST : 0) |
        (examination?.wants(file) ? RangeFlag.EXAMINE : 0)
      if (file.content.kind === 'bytes') new Uint8Array(buffer).set(file.content.bytes, at)
      const inBlocks = bytesInBlocks(file, reading)
      addRange(ranges, file, {
        start: 0,
        length: file.size,
        at,
        inBlocks,
        flags,
        tailBlock: blocks.indexOf(request.plan.blockOf(file)),
        candidate: baseCandidates?.blocksOf(file, 0, inBlocks) ?? null,
      })
      at += file.size
    }
    const read = await reading.pool.run('read', { ranges, buffer, base: baseCandidates?.access ?? null })
    baseCandidates?.taken(read.takenFromBase)
    return {
      pieces: piecesOf(group, ranges.numbers, read, buffer, reading),
      tailBlocks: blocks.map((block, n) => tailBlockOf(block, n, read, buffer)),
    }
  }
}

/** The fragment blocks whose tails are all in a group. A block with tails that may be in the base is left out: it is compared first. */
function tailBlocksOf(group: readonly FileNode[], { request, baseCandidates }: Reading): number[] {
  const { plan } = request
  const tails = new Map<number, number>()
  for (const file of group) {
    const block = plan.blockOf(file)
    if (block >= 0 && !baseCandidates?.mayHaveTail(file)) tails.set(block, (tails.get(block) ?? 0) + 1)
  }
  return [...tails].flatMap(([block, count]) => (count === plan.tailsIn(block) ? [block] : []))
}

function tailBlockOf(
  block: number,
  n: number,
  { tailBlocks }: RangesRead,
  buffer: SharedArrayBuffer,
): TailBlock {
  const number = (of: number) => tailBlocks[n * TAIL_BLOCK_NUMBERS + of]!
  const sizeWord = number(TAIL_BLOCK.sizeWord)
  const data = new Uint8Array(buffer, number(TAIL_BLOCK.at), blockSizeOnDisk(sizeWord))
  return { block, tails: number(TAIL_BLOCK.tails), encoded: { data, sizeWord } }
}

/** Bytes of a file that go to data blocks. */
function bytesInBlocks(file: FileNode, { request }: Reading): number {
  return request.wantsBlocks() ? file.size - request.tailSize(file) : 0
}

/** The pieces of whole files in a buffer. */
function piecesOf(
  files: readonly FileNode[],
  numbers: readonly number[],
  { failures, digests, xattrs, examined, sizeWords, blocksAt }: RangesRead,
  buffer: SharedArrayBuffer,
  { blockSize, accessRules, examination, onXattrs }: Reading,
): Piece[] {
  for (const [n, has] of xattrs) {
    if (has.some(([name]) => isValueWanted(name))) onXattrs?.(files[n]!)
    Object.assign(files[n]!, accessRules(files[n]!.mode, has))
  }
  for (const [n, result] of examined) examination?.found(files[n]!, result)
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
    return {
      file,
      content: encodedContent(own, blocksAt[n]!, inBlocks, at + inBlocks, file.size - inBlocks, buffer),
      size: file.size,
      digest: digestOfFile.get(n) ?? null,
      last: true,
      failure: null,
    }
  })
}

/** The encoded blocks and the tail of a range in a buffer. */
function encodedContent(
  sizeWords: readonly number[],
  blocksAt: number,
  inBlocks: number,
  tailAt: number,
  tailSize: number,
  buffer: SharedArrayBuffer,
): EncodedContent {
  const size = sizeWords.reduce((sum, word) => sum + blockSizeOnDisk(word), 0)
  return {
    sizeWords,
    blocks: size > 0 ? new Uint8Array(buffer, blocksAt, size) : NOTHING,
    inBlocks,
    tail: tailSize > 0 ? new Uint8Array(buffer, tailAt, tailSize) : null,
  }
}

function failedPiece(file: FileNode, failure: Failure): Piece {
  return { file, content: 0, size: file.size, digest: null, last: true, failure }
}

async function* largeFileSteps(file: FileNode, reading: Reading): AsyncGenerator<Step, undefined> {
  const { repeats, pool, blockSize, request } = reading
  const digest = repeats.digests.get(file) ?? null
  const failure = repeats.failures.get(file)
  if (failure) return yield async () => onePiece(failedPiece(file, failure))
  if (repeats.repeated.has(file)) {
    const piece: Piece = { file, content: null, size: file.size, digest, last: true, failure: null }
    return yield async () => onePiece(piece)
  }

  const { content } = file
  const fill = content.kind === 'stream' ? streamFiller(content.open, file.size) : bytesFiller(content)
  const extents =
    content.kind === 'disk' && content.sparse
      ? await pool.run('extents', { ranges: rangeOf(file) })
      : [0, file.size]
  if (isFailure(extents)) return yield async () => onePiece(failedPiece(file, extents))

  let examine = reading.examination?.wants(file) && digest === null
  // An examined file must be opened: if it is all hole, its first block is read.
  const dataExtents = examine && extents.length === 0 ? [0, 1] : extents
  for (const { start, length, hole } of blockRanges(dataExtents, file.size, blockSize)) {
    const last = start + length === file.size
    const inBlocks = request.wantsBlocks() ? length - (last ? request.tailSize(file) : 0) : 0
    const head = { file, size: length, digest: start === 0 ? digest : null, last, failure: null }
    if (hole) {
      yield async () => onePiece({ ...head, content: inBlocks })
      continue
    }
    const flags = examine ? RangeFlag.EXAMINE : 0
    examine = false
    yield async (buffer) => {
      const bytes = new Uint8Array(buffer, 0, length)
      const failure = await fill(bytes, start)
      if (failure) return onePiece(failedPiece(file, failure))
      const own = digest === null && request.wantsDigest(file) && length === file.size ? RangeFlag.DIGEST : 0
      const read = await readRange(
        file,
        {
          start,
          length,
          at: 0,
          inBlocks,
          flags: flags | own,
          candidate: reading.baseCandidates?.blocksOf(file, start, inBlocks) ?? null,
        },
        buffer,
        reading,
      )
      if (isFailure(read)) return onePiece(failedPiece(file, read))
      const found = read.digests[0]?.[1] ?? head.digest
      const content = encodedContent(
        read.sizeWords,
        read.blocksAt[0]!,
        inBlocks,
        inBlocks,
        length - inBlocks,
        buffer,
      )
      return onePiece({ ...head, digest: found, content })
    }
  }
}

async function readRange(
  file: FileNode,
  request: RangeRequest,
  buffer: SharedArrayBuffer,
  { pool, examination, baseCandidates }: Reading,
): Promise<RangesRead | Failure> {
  const ranges = noRanges()
  addRange(ranges, file, request)
  const read = await pool.run('read', { ranges, buffer, base: baseCandidates?.access ?? null })
  baseCandidates?.taken(read.takenFromBase)
  for (const [, result] of read.examined) examination?.found(file, result)
  return read.failures[0]?.[1] ?? read
}

/** Writes a range into a buffer, if its bytes do not come from disk. */
type Filler = (bytes: Uint8Array, start: number) => Promise<Failure | null>

function bytesFiller(content: FileNode['content']): Filler {
  return async (bytes, start) => {
    if (content.kind === 'bytes') bytes.set(content.bytes.subarray(start, start + bytes.length))
    return null
  }
}

/** A stream is read one range after another, in the order of the calls. */
function streamFiller(open: () => AsyncIterable<Uint8Array>, size: number): Filler {
  const stream = readStream(open, size)
  let before: Promise<Failure | null> = Promise.resolve(null)
  return (bytes) => {
    before = before.then((failure) => failure ?? stream.fill(bytes))
    return before
  }
}

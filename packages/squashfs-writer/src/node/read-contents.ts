/** Read contents: files of all kinds, ahead of their use and in order, through a bounded number of buffers. */
import type { Batch, ContentReader, Piece, WantsDigest } from '../data/content-reader.js'
import type { FileNode } from '../tree/node.js'
import type { Applied } from '../tree/rules.js'
import { BUFFER_SIZE, createBufferPool } from './buffer-pool.js'
import { digestOf } from './digest.js'
import { type Failure, isFailure, itemOf, type ReadItem } from './jobs.js'
import { findLargeRepeats, type LargeRepeats } from './large-repeats.js'
import { readStream } from './stream-reader.js'
import type { Workers } from './workers.js'

/** Files in one step; and where every file costs a wait, few enough that many threads have a share to the end. */
const FILES_PER_STEP = 128
const SLOW_FILES_PER_STEP = 8

/** How many small files are best read in one go. */
export function filesPerStep(workers: Workers): number {
  return workers.areSlow() ? SLOW_FILES_PER_STEP : FILES_PER_STEP
}

type AccessRules = Applied['access']

/** One buffer's worth of reading. The buffer comes back as another object when it was with a worker. */
type Step = (buffer: ArrayBuffer) => Promise<{ readonly pieces: Piece[]; readonly buffer: ArrayBuffer }>

/**
 * @param blockSize bytes: a large file is cut at multiples of it.
 * @param buffers how many buffers there may be where calls are not slow; each has 1 MiB.
 * @param accessRules what becomes of mode and xattrs of a file that brings its xattrs.
 */
export function createContentReader(
  workers: Workers,
  blockSize: number,
  buffers: number,
  accessRules: AccessRules,
): ContentReader {
  return {
    async *read(files, wantsDigest) {
      const repeats = await findLargeRepeats(files, wantsDigest, workers)
      const steps = stepsOf(files, wantsDigest, repeats, workers, blockSize, accessRules)
      const pool = createBufferPool(() =>
        workers.areSlow() ? Math.max(buffers, workers.jobsWanted()) : buffers,
      )
      const ahead: Promise<Batch>[] = []
      let more = true
      while (true) {
        while (more && (ahead.length === 0 || pool.hasFree())) {
          const { value: step, done } = await steps.next()
          if (done) more = false
          else {
            const batch = begin(step, await pool.take())
            batch.catch(() => {}) // thrown where it is waited for
            ahead.push(batch)
          }
        }
        const next = ahead.shift()
        if (!next) return
        yield await next
      }

      async function begin(step: Step, free: ArrayBuffer): Promise<Batch> {
        const { pieces, buffer } = await step(free)
        return { pieces, release: () => pool.give(buffer) }
      }
    },
  }
}

async function* stepsOf(
  files: readonly FileNode[],
  wantsDigest: WantsDigest,
  repeats: LargeRepeats,
  workers: Workers,
  blockSize: number,
  accessRules: AccessRules,
): AsyncGenerator<Step, undefined> {
  let group: FileNode[] = []
  let groupSize = 0
  for (const file of files) {
    const room = roomFor(file)
    if (
      group.length > 0 &&
      (room === null || groupSize + room > BUFFER_SIZE || group.length >= filesPerStep(workers))
    ) {
      yield smallFilesStep(group, wantsDigest, workers, accessRules)
      group = []
      groupSize = 0
    }
    if (room === null) yield* largeFileSteps(file, wantsDigest(file), repeats, workers, blockSize)
    else {
      group.push(file)
      groupSize += room
    }
  }
  if (group.length > 0) yield smallFilesStep(group, wantsDigest, workers, accessRules)
  return undefined
}

/** Bytes that a file needs in a buffer which it shares with others; null when it needs buffers of its own. */
function roomFor({ content, size }: FileNode): number | null {
  if (content.kind === 'bytes') return size > BUFFER_SIZE ? null : 0
  return content.kind !== 'stream' && size <= BUFFER_SIZE ? size : null
}

function smallFilesStep(
  group: readonly FileNode[],
  wantsDigest: WantsDigest,
  workers: Workers,
  accessRules: AccessRules,
): Step {
  return async (free) => {
    const items: ReadItem[] = []
    const read: FileNode[] = []
    let at = 0
    for (const file of group) {
      if (file.content.kind === 'bytes') continue
      items.push(itemOf(file, 0, file.size, at, wantsDigest(file)))
      read.push(file)
      at += file.size
    }
    const { found, xattrs, buffer } =
      items.length === 0 ? { found: [], xattrs: [], buffer: free } : await readItems(items, free, workers)
    for (const [n, has] of xattrs) Object.assign(read[n]!, accessRules(read[n]!.mode, has))
    let next = 0
    const pieces = group.map((file) => {
      if (file.content.kind === 'bytes') {
        const { bytes } = file.content
        return pieceOf(file, bytes, wantsDigest(file) ? digestOf(bytes) : null, true)
      }
      const n = next++
      return pieceOf(file, new Uint8Array(buffer, items[n]!.at, file.size), found[n]!, true)
    })
    return { pieces, buffer }
  }
}

function readItems(items: readonly ReadItem[], buffer: ArrayBuffer, workers: Workers) {
  return workers.run('read', { items, buffer }, [buffer])
}

async function* largeFileSteps(
  file: FileNode,
  digest: boolean,
  repeats: LargeRepeats,
  workers: Workers,
  blockSize: number,
): AsyncGenerator<Step, undefined> {
  const known = repeats.digests.get(file) ?? null
  const only = (piece: Omit<Piece, 'file' | 'last'>): Step => {
    return async (buffer) => ({ pieces: [{ file, last: true, ...piece }], buffer })
  }
  const failure = repeats.failures.get(file)
  if (failure) return yield only({ bytes: 0, digest: null, failure })
  if (repeats.repeated.has(file)) return yield only({ bytes: null, digest: known, failure: null })

  const { content } = file
  if (content.kind === 'bytes') return yield only({ bytes: content.bytes, digest: known, failure: null })
  if (content.kind === 'stream') return yield* streamSteps(file, content.open, digest, known)

  const extents =
    content.kind === 'disk' && content.sparse
      ? await workers.run('extents', { item: itemOf(file, 0, file.size, 0, false) })
      : [0, file.size]
  if (!Array.isArray(extents)) return yield only({ bytes: 0, digest: null, failure: extents })
  for (const { start, length, hole } of rangesOf(extents, file.size, blockSize)) {
    const last = start + length === file.size
    const ownDigest = start === 0 ? known : null
    yield async (free) => {
      if (hole)
        return { pieces: [{ file, bytes: length, digest: ownDigest, last, failure: null }], buffer: free }
      const { found, buffer } = await readItems([itemOf(file, start, length, 0, false)], free, workers)
      return {
        pieces: [pieceOf(file, new Uint8Array(buffer, 0, length), found[0] ?? ownDigest, last)],
        buffer,
      }
    }
  }
}

/** Ranges of at most a buffer of data, or of a hole of any length, that begin and end at block borders. */
function* rangesOf(
  extents: readonly number[],
  size: number,
  blockSize: number,
): Iterable<{ start: number; length: number; hole: boolean }> {
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

/** A stream in buffers' worths, each read when the one before is complete. */
function* streamSteps(
  file: FileNode,
  open: () => AsyncIterable<Uint8Array>,
  digest: boolean,
  known: string | null,
): Generator<Step, undefined> {
  const stream = readStream(open, file.size)
  let before: Promise<unknown> = Promise.resolve()
  let failed = false
  const count = Math.max(1, Math.ceil(file.size / BUFFER_SIZE))
  for (let n = 0; n < count; n++) {
    const last = n === count - 1
    const length = Math.min(BUFFER_SIZE, file.size - n * BUFFER_SIZE)
    const step: Step = async (buffer) => {
      if (failed) return { pieces: [], buffer }
      const bytes = new Uint8Array(buffer, 0, length)
      const failure = await stream.fill(bytes)
      failed = failure !== null
      const own = n > 0 ? null : (known ?? (digest && last ? digestOf(bytes) : null))
      return { pieces: [pieceOf(file, bytes, failure ?? own, last)], buffer }
    }
    yield (buffer) => {
      const piece = before.then(() => step(buffer))
      before = piece.catch(() => {})
      return piece
    }
  }
  return undefined
}

function pieceOf(file: FileNode, bytes: Uint8Array, answer: Failure | string | null, last: boolean): Piece {
  if (isFailure(answer)) return { file, bytes: 0, digest: null, last: true, failure: answer }
  return { file, bytes, digest: answer, last, failure: null }
}

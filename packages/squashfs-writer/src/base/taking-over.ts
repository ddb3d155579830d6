/** Taking over: a reader of contents that gives what the base certainly has unread, and has another one read the rest. */
import type { Batch, ContentReader, ContentRequest, Piece } from '../image/content-reader.js'
import type { Examination } from '../source/read-contents.js'
import type { Pool } from '../source/workers/pool.js'
import { addRange, BUFFER_SIZE, isFailure, noRanges, RangeFlag } from '../source/workers/protocol.js'
import type { FileNode } from '../tree/node.js'
import { type CompiledRules, isValueWanted } from '../tree/rules.js'
import type { FileInBase } from './base-image.js'
import type { OpenBase } from './open-base.js'
import type { Recorder } from './recorder.js'
import type { SameFile, SameFiles } from './same-files.js'

export interface TakingOver {
  readonly pool: Pool
  readonly base: OpenBase
  readonly same: SameFiles
  readonly accessRules: CompiledRules['access']
  readonly examination: Examination | null
  readonly recorder: Recorder | null
}

/** Files that were taken over unread. */
export type TakenFiles = ReadonlyMap<FileNode, SameFile>

const FILES_PER_JOB = 256
const PIECES_PER_BATCH = 256
/** A range of a file of which no bytes are wanted. */
const NOTHING = { start: 0, length: 0, at: 0, inBlocks: 0, flags: 0 }

/**
 * @param reader reads what must be read.
 * @param onTaken called with the files that are taken over unread, before any piece comes.
 */
export function takingOver(
  reader: ContentReader,
  options: TakingOver,
  onTaken: (files: TakenFiles) => void,
): ContentReader {
  return {
    async *read(files, request) {
      const taken = filesToTake(files, request, options.same)
      for (const file of await askXattrs(taken, options)) taken.delete(file)
      for (const file of await examineTaken(taken, options)) taken.delete(file)
      onTaken(taken)
      yield* inOrder(files, taken, reader, request, options.same)
    },
  }
}

/**
 * Files that need no reading. Equal contents are found by digests: a file of a size that others have is taken unread only if
 * the record has its digest. A large file that is read must know beforehand whether an earlier one has its content, so those
 * of its size are read, too.
 */
function filesToTake(
  files: readonly FileNode[],
  request: ContentRequest,
  { certain }: SameFiles,
): Map<FileNode, SameFile> {
  const taken = new Map<FileNode, SameFile>()
  const largeSizes = new Set<number>()
  for (const file of files) {
    const same = certain.get(file)
    const wantsDigest = request.wantsDigest(file)
    if (same && !(wantsDigest && same.recorded.digest === null)) taken.set(file, same)
    else if (wantsDigest && file.size > BUFFER_SIZE) largeSizes.add(file.size)
  }
  if (largeSizes.size > 0) for (const file of taken.keys()) if (largeSizes.has(file.size)) taken.delete(file)
  return taken
}

/** Asks those that may have xattrs. @returns files that cannot be opened: reading them will say why. */
async function askXattrs(
  taken: ReadonlyMap<FileNode, SameFile>,
  { pool, accessRules, recorder }: TakingOver,
): Promise<FileNode[]> {
  const asked = [...taken].flatMap(([file, { asksXattrs }]) => (asksXattrs ? [file] : []))
  const lost: FileNode[] = []
  const buffer = new SharedArrayBuffer(0)
  await Promise.all(chunks(asked, FILES_PER_JOB).map(ask))
  return lost

  async function ask(files: readonly FileNode[]): Promise<void> {
    const ranges = noRanges()
    for (const file of files) addRange(ranges, file, { ...NOTHING, flags: RangeFlag.XATTRS })
    const { failures, xattrs } = await pool.run('read', { ranges, buffer, base: null })
    for (const [n] of failures) lost.push(files[n]!)
    for (const [n, has] of xattrs) {
      const file = files[n]!
      if (has.some(([name]) => isValueWanted(name))) recorder?.hasXattrs(file)
      Object.assign(file, accessRules(file.mode, has))
    }
  }
}

/**
 * Tells what the examiner says of files that are taken: what it said when the base was packed, where that was recorded of the
 * same version; of the others it is asked now.
 * @returns files that cannot be opened: reading them will say why.
 */
async function examineTaken(
  taken: ReadonlyMap<FileNode, SameFile>,
  { pool, base, examination }: TakingOver,
): Promise<FileNode[]> {
  if (!examination) return []
  const isSameExaminer = examination.version !== null && base.record?.examiner === examination.version
  const unknown: FileNode[] = []
  const lost: FileNode[] = []
  for (const [file, { recorded }] of taken) {
    if (!examination.wants(file)) continue
    if (isSameExaminer && recorded.answer !== undefined) examination.found(file, recorded.answer)
    else unknown.push(file)
  }
  await Promise.all(chunks(unknown, FILES_PER_JOB).map(examine))
  return lost

  async function examine(files: readonly FileNode[]): Promise<void> {
    const ranges = noRanges()
    for (const file of files) addRange(ranges, file, NOTHING)
    const answers = await pool.run('examine', { ranges })
    for (const [n, answer] of answers.entries()) {
      if (isFailure(answer)) lost.push(files[n]!)
      else examination?.found(files[n]!, answer.found)
    }
  }
}

/** Gives all files in their order: those that are taken, and between them what is read. */
async function* inOrder(
  files: readonly FileNode[],
  taken: ReadonlyMap<FileNode, SameFile>,
  reader: ContentReader,
  request: ContentRequest,
  { candidates }: SameFiles,
): AsyncGenerator<Batch> {
  /** Of those that are read, in their order. */
  const places = new Map<FileNode, number>()
  for (const [n, file] of files.entries()) if (!taken.has(file)) places.set(file, n)
  const rest = [...places.keys()]
  const batches = reader.read(rest, request)[Symbol.asyncIterator]()
  let next = 0
  try {
    for (let coming = batches.next(); ; coming = batches.next()) {
      coming.catch(() => {}) // thrown where it is waited for
      for (const pieces of chunks(takenUpTo(files.length), PIECES_PER_BATCH))
        yield { pieces, tailBlocks: [], release: () => {} }
      const { value: batch, done } = await coming
      if (done) return
      const pieces: Piece[] = []
      for (const piece of batch.pieces) {
        const place = places.get(piece.file)!
        pieces.push(...takenUpTo(place), withTail(piece, candidates.get(piece.file)))
        next = Math.max(next, piece.last ? place + 1 : place)
      }
      yield { ...batch, pieces }
    }
  } finally {
    // Not waited for: it may be waiting for a buffer that nobody gives back any more. Its error was thrown above.
    batches.return?.().catch(() => {})
  }

  /** Pieces of the files that come next, up to the first that must be read. */
  function takenUpTo(place: number): Piece[] {
    const pieces: Piece[] = []
    for (; next < place; next++) {
      const file = files[next]!
      const same = taken.get(file)
      if (!same) break
      pieces.push(pieceOf(file, same, request))
    }
    return pieces
  }
}

function pieceOf(file: FileNode, { inBase, recorded }: SameFile, request: ContentRequest): Piece {
  const { blocks, tail } = inBase
  const digest = request.wantsDigest(file) ? recorded.digest : null
  return { file, content: { blocks, tail }, size: file.size, digest, last: true, failure: null }
}

/** A file that is read may have the tail that the base has. */
function withTail(piece: Piece, inBase: FileInBase | undefined): Piece {
  const { content, last } = piece
  const tail = inBase?.tail
  if (!last || !tail || typeof content !== 'object' || content === null || !('sizeWords' in content))
    return piece
  if (content.tail?.length !== tail.length) return piece
  return { ...piece, content: { ...content, tailInBase: tail } }
}

function chunks<T>(items: readonly T[], most: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / most) }, (_, n) =>
    items.slice(n * most, (n + 1) * most),
  )
}

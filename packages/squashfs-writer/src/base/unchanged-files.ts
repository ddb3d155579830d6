/** Unchanged files: a content reader that takes unchanged files from the base without reading them. Another reader reads the rest. */
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

export interface UnchangedOptions {
  readonly pool: Pool
  readonly base: OpenBase
  readonly same: SameFiles
  readonly accessRules: CompiledRules['access']
  readonly examination: Examination | null
  readonly recorder: Recorder | null
}

/** The files that are copied from the base without being read. */
export type UnchangedFiles = ReadonlyMap<FileNode, SameFile>

const FILES_PER_JOB = 256
const PIECES_PER_BATCH = 256
/** An empty range of a file. */
const NOTHING = { start: 0, length: 0, at: 0, inBlocks: 0, flags: 0 }

/**
 * @param reader reads the other files.
 * @param onTaken called with the files that are not read, before the first piece.
 */
export function unchangedFiles(
  reader: ContentReader,
  options: UnchangedOptions,
  onTaken: (files: UnchangedFiles) => void,
): ContentReader {
  return {
    async *read(files, request) {
      const taken = filesToTake(files, request, options.same)
      for (const file of await readXattrs(taken, options)) taken.delete(file)
      for (const file of await examineTaken(taken, options)) taken.delete(file)
      onTaken(taken)
      yield* inOrder(files, taken, reader, request, options.same)
    },
  }
}

/**
 * The files that need not be read. Duplicates are found by digests, so a file that has the size of another one is not read only if
 * the record has its digest. Duplicates of a large file must be known before it is compressed, so if a large file is read, all
 * files of its size are read, too.
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

/** Reads the xattrs of files that may have some. @returns the files that cannot be opened; reading them gives the reason. */
async function readXattrs(
  taken: ReadonlyMap<FileNode, SameFile>,
  { pool, accessRules, recorder }: UnchangedOptions,
): Promise<FileNode[]> {
  const wanted = [...taken].flatMap(([file, { readsXattrs }]) => (readsXattrs ? [file] : []))
  const lost: FileNode[] = []
  const buffer = new SharedArrayBuffer(0)
  await Promise.all(chunks(wanted, FILES_PER_JOB).map(read))
  return lost

  async function read(files: readonly FileNode[]): Promise<void> {
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
 * Gives the results of the examiner for files that are not read: those in the record if the version is the same. Otherwise the
 * files are examined now.
 * @returns the files that cannot be opened; reading them gives the reason.
 */
async function examineTaken(
  taken: ReadonlyMap<FileNode, SameFile>,
  { pool, base, examination }: UnchangedOptions,
): Promise<FileNode[]> {
  if (!examination) return []
  const isSameExaminer = examination.version !== null && base.record?.examiner === examination.version
  const unknown: FileNode[] = []
  const lost: FileNode[] = []
  for (const [file, { recorded }] of taken) {
    if (!examination.wants(file)) continue
    if (isSameExaminer && recorded.examined !== undefined) examination.found(file, recorded.examined)
    else unknown.push(file)
  }
  await Promise.all(chunks(unknown, FILES_PER_JOB).map(examine))
  return lost

  async function examine(files: readonly FileNode[]): Promise<void> {
    const ranges = noRanges()
    for (const file of files) addRange(ranges, file, NOTHING)
    const responses = await pool.run('examine', { ranges })
    for (const [n, response] of responses.entries()) {
      if (isFailure(response)) lost.push(files[n]!)
      else examination?.found(files[n]!, response.found)
    }
  }
}

/** Returns all files in order: those from the base, and between them those that are read. */
async function* inOrder(
  files: readonly FileNode[],
  taken: ReadonlyMap<FileNode, SameFile>,
  reader: ContentReader,
  request: ContentRequest,
  { candidates }: SameFiles,
): AsyncGenerator<Batch> {
  /** The index of each file that is read. */
  const places = new Map<FileNode, number>()
  for (const [n, file] of files.entries()) if (!taken.has(file)) places.set(file, n)
  const rest = [...places.keys()]
  const batches = reader.read(rest, request)[Symbol.asyncIterator]()
  let next = 0
  try {
    for (let coming = batches.next(); ; coming = batches.next()) {
      coming.catch(() => {}) // the await below throws the error
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
    // Not awaited: it may wait for a buffer that is never released. Its error was thrown above.
    batches.return?.().catch(() => {})
  }

  /** The pieces of the next files, up to the first one that is read. */
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

/** Adds the tail in the base, which may be the same as that of a file that was read. */
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

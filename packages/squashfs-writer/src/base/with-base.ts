/** With base: opens the base of a packing, connects it and the recorder to the writer, and closes it at the end. */
import type { FileIdentity } from '../destination/identity.js'
import type { BaseFile } from '../image/base-block.js'
import type { ContentReader } from '../image/content-reader.js'
import type { PartsEncoder } from '../image/fragments.js'
import type { ImageSettings, WriteObserver } from '../image/write-tree.js'
import { type BaseCandidates, createContentReader, type Examination } from '../source/read-contents.js'
import type { Pool } from '../source/workers/pool.js'
import type { SharedPart, XattrsRead } from '../source/workers/protocol.js'
import { toDisplay } from '../tree/byte-string.js'
import type { DirectoryNode, FileNode } from '../tree/node.js'
import type { CompiledRules } from '../tree/rules.js'
import { type BaseResult, BaseUsage } from './base-result.js'
import { blockSettings } from './block-settings.js'
import { type BaseOption, type BaseProblem, type OpenBase, openBase } from './open-base.js'
import { Recorder } from './recorder.js'
import { findSameFiles, type SameFiles } from './same-files.js'
import { unchangedFiles } from './unchanged-files.js'

export interface BaseOptions {
  readonly image: ImageSettings
  readonly base: BaseOption | null
  /** Whether a record is wanted. */
  readonly record: boolean
  readonly xattrsRead: XattrsRead
}

/** The tree that is packed. */
export interface ToPack {
  readonly root: DirectoryNode
  readonly accessRules: CompiledRules['access']
  readonly examination: Examination | null
}

/** The reader, the encoder and the observer with which an image is written. */
export interface Writing {
  readonly reader: ContentReader
  readonly encode: PartsEncoder
  readonly base: BaseFile | null
  readonly observer: WriteObserver
  /** Called when the image is complete. @param file the identity of the image file; null if it is not known. */
  result(file: FileIdentity | null): { readonly base: BaseResult | null; readonly record: Uint8Array | null }
}

/**
 * Opens the base, while `use` builds the tree to pack, and closes it at the end.
 * @param use called with a function that prepares the writing of a tree.
 */
export async function withBase<T>(
  options: BaseOptions,
  pool: Pool,
  use: (prepare: (packed: ToPack) => Promise<Writing>) => Promise<T>,
): Promise<T> {
  const scanStart = Date.now()
  const opening = options.base
    ? openBase(options.base, options.image, pool)
    : Promise.resolve({ base: null, problem: null })
  opening.catch(() => {}) // the await below throws the error
  try {
    return await use(async (packed) => {
      const { base, problem } = await opening
      const path = options.base && toDisplay(options.base.path)
      return prepareWriting({ ...options, ...packed, pool, base, problem, path, scanStart })
    })
  } finally {
    const opened = await opening.catch(() => null) // it was thrown above
    opened?.base?.image.close()
  }
}

interface Preparation extends Omit<BaseOptions, 'base'>, ToPack {
  readonly pool: Pool
  readonly base: OpenBase | null
  readonly problem: BaseProblem | null
  /** The path of the base, printable; null for none. */
  readonly path: string | null
  readonly scanStart: number
}

function prepareWriting(preparation: Preparation): Writing {
  const { root, pool, base, problem, path } = preparation
  const same = base && findSameFiles(root, base)
  const usage = new BaseUsage()
  const recorder = createRecorder(preparation, usage)
  return {
    reader: createReader(preparation, same, usage, recorder),
    encode: encoderWith(pool, base, usage),
    base: base?.image.file ?? null,
    observer: {
      writer: (writer) => usage.writer(recorder?.writer(writer) ?? writer),
      tables: (output) => recorder?.tables(output) ?? output,
      complete: (leaves, superblock, bytesUsed) => recorder?.complete(leaves, superblock, bytesUsed),
    },
    result: (file) => ({
      record: recorder?.record(file) ?? null,
      base: path
        ? { path, ...usage.counts(same), secondsInFull: base?.record?.secondsInFull ?? null, problem }
        : null,
    }),
  }
}

/** @returns null if no record is wanted, or none is possible. */
function createRecorder(
  { image, record, xattrsRead, examination, base, scanStart }: Preparation,
  usage: BaseUsage,
): Recorder | null {
  const settings = record ? blockSettings(image) : null
  if (settings === null) return null
  const examiner = examination?.version ?? base?.record?.examiner ?? null
  return new Recorder({
    settings,
    scanStart,
    readsXattrs: xattrsRead === 'all',
    carried: (file) => usage.taken.get(file),
    checksumInBase: ({ position }) => base!.checksums.get(position)!,
    secondsInFull: base?.record?.secondsInFull ?? null,
    examiner,
    keepsExamined: base?.record?.examiner === examiner,
  })
}

/** The reader of files, which takes unchanged ones from the base. */
function createReader(
  { image: { blockSize }, accessRules, examination: given, pool, base }: Preparation,
  same: SameFiles | null,
  usage: BaseUsage,
  recorder: Recorder | null,
): ContentReader {
  const examination = given && recorder ? recordedExamination(given, recorder) : given
  const reader = createContentReader(pool, {
    blockSize,
    accessRules,
    examination,
    ...(recorder && { onXattrs: (file: FileNode) => recorder.hasXattrs(file) }),
    baseCandidates: base && same && candidatesIn(base, same, blockSize, usage),
  })
  if (!base || !same) return reader
  return unchangedFiles(reader, { pool, base, same, accessRules, examination, recorder }, (files) => {
    usage.taken = files
  })
}

function candidatesIn(
  { access }: OpenBase,
  { candidates }: SameFiles,
  blockSize: number,
  usage: BaseUsage,
): BaseCandidates {
  return {
    access,
    blocksOf(file, start, length) {
      const first = start / blockSize
      return candidates.get(file)?.blocks.slice(first, first + Math.ceil(length / blockSize)) ?? null
    },
    mayHaveTail: (file) => Boolean(candidates.get(file)?.tail),
    taken: (bytes) => usage.addStored(bytes),
  }
}

/** The encoder of fragment and metadata blocks, which takes a fragment block from the base if it has the same content. */
function encoderWith(pool: Pool, base: OpenBase | null, usage: BaseUsage): PartsEncoder {
  return async (parts, uncompressed, candidate = null) => {
    const request = { parts: parts.map(asSent), uncompressed, base: base?.access ?? null, candidate }
    const encoded = await pool.run('encode', request)
    if (encoded.takenFromBase) usage.addStored(encoded.data.length)
    return encoded
  }
}

function recordedExamination(examination: Examination, recorder: Recorder): Examination {
  if (examination.version === null) return examination
  return {
    ...examination,
    found(file, result) {
      recorder.wasExamined(file, result)
      examination.found(file, result)
    },
  }
}

/** A part as it is sent to a worker. Bytes in shared memory are not copied. */
function asSent<P extends object>(part: P | Uint8Array): P | SharedPart | Uint8Array {
  if (!(part instanceof Uint8Array)) return part
  const { buffer, byteOffset, length } = part
  return buffer instanceof SharedArrayBuffer ? { buffer, start: byteOffset, length } : part
}

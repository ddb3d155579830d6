/** With base: opens the base of a packing, connects it and the recorder to the writer, and closes it at the end. */
import type { FileIdentity } from '../destination/identity.js'
import { blockSizeOnDisk } from '../format/data-block.js'
import type { BaseFile } from '../image/base-block.js'
import type { BlockWriter } from '../image/block-writer.js'
import type { ContentReader } from '../image/content-reader.js'
import type { PartsEncoder } from '../image/fragments.js'
import type { Output } from '../image/output.js'
import type { ImageSettings, WriteObserver } from '../image/write-tree.js'
import { type BaseCandidates, createContentReader, type Examination } from '../source/read-contents.js'
import type { Pool } from '../source/workers/pool.js'
import type { SharedPart, XattrsRead } from '../source/workers/protocol.js'
import { toDisplay } from '../tree/byte-string.js'
import type { DirectoryNode, FileNode } from '../tree/node.js'
import type { CompiledRules } from '../tree/rules.js'
import type { BaseResult } from './base-result.js'
import { blockSettings } from './block-settings.js'
import { type BaseOption, type OpenBase, openBase } from './open-base.js'
import { Recorder } from './recorder.js'
import { findSameFiles, type SameFiles } from './same-files.js'
import { type TakenFiles, takingOver } from './taking-over.js'

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
      const writing = prepareWriting(options, packed, pool, base, scanStart)
      const path = options.base && toDisplay(options.base.path)
      return {
        ...writing,
        result: (file) => ({
          record: writing.record(file),
          base: path ? { path, ...writing.used(), problem } : null,
        }),
      }
    })
  } finally {
    const opened = await opening.catch(() => null) // it was thrown above
    opened?.base?.image.close()
  }
}

function prepareWriting(
  { image, record: wantsRecord, xattrsRead }: BaseOptions,
  { root, accessRules, examination }: ToPack,
  pool: Pool,
  base: OpenBase | null,
  scanStart: number,
) {
  const same: SameFiles | null = base && findSameFiles(root, base)
  const secondsInFull = base?.record?.secondsInFull ?? null
  const settings = wantsRecord ? blockSettings(image) : null
  let taken: TakenFiles = new Map()
  let storedBytes = 0
  const examiner = examination?.version ?? base?.record?.examiner ?? null
  const recorder: Recorder | null =
    settings === null
      ? null
      : new Recorder({
          settings,
          scanStart,
          readsXattrs: xattrsRead === 'all',
          carried: (file) => taken.get(file),
          checksumInBase: ({ position }) => base!.checksums.get(position)!,
          secondsInFull,
          examiner,
          keepsExamined: base?.record?.examiner === examiner,
        })

  const recorded = examination && recorder ? recordedExamination(examination, recorder) : examination
  const baseCandidates: BaseCandidates | null = base && {
    access: base.access,
    blocksOf(file, start, length) {
      const blocks = same?.candidates.get(file)?.blocks
      const first = start / image.blockSize
      return blocks?.slice(first, first + Math.ceil(length / image.blockSize)) ?? null
    },
    mayHaveTail: (file) => Boolean(same?.candidates.get(file)?.tail),
    taken(bytes) {
      storedBytes += bytes
    },
  }
  const reader = createContentReader(pool, {
    blockSize: image.blockSize,
    accessRules,
    examination: recorded,
    ...(recorder && { onXattrs: (file: FileNode) => recorder.hasXattrs(file) }),
    baseCandidates,
  })
  const whole =
    base && same
      ? takingOver(reader, { pool, base, same, accessRules, examination: recorded, recorder }, (files) => {
          taken = files
        })
      : reader

  const countTaken = (writer: BlockWriter): BlockWriter => ({
    append(block, written, release) {
      if ('position' in block) storedBytes += blockSizeOnDisk(block.sizeWord)
      writer.append(block, written, release)
    },
    backpressure: () => writer.backpressure(),
    drain: () => writer.drain(),
  })

  return {
    reader: whole,
    base: base?.image.file ?? null,
    observer: {
      writer: (writer: BlockWriter) => countTaken(recorder?.writer(writer) ?? writer),
      tables: (output: Output) => recorder?.tables(output) ?? output,
      complete: (leaves, superblock, bytesUsed) => recorder?.complete(leaves, superblock, bytesUsed),
    } satisfies WriteObserver,
    encode: (async (parts, uncompressed, candidate = null) => {
      const request = { parts: parts.map(asSent), uncompressed, base: base?.access ?? null, candidate }
      const encoded = await pool.run('encode', request)
      if (encoded.takenFromBase) storedBytes += encoded.data.length
      return encoded
    }) satisfies PartsEncoder,
    record: (file: FileIdentity | null) => recorder?.record(file) ?? null,
    used: () => ({
      files: taken.size,
      bytes: [...taken.keys()].reduce((sum, { size }) => sum + size, 0),
      compared: (same?.candidates.size ?? 0) - taken.size,
      storedBytes,
      secondsInFull,
    }),
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

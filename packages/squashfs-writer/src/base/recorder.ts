/** Recorder: collects the data of the pack record while an image is written. */
import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { FileIdentity } from '../destination/identity.js'
import { messageOf, SquashfsError } from '../errors.js'
import { blockSizeOnDisk } from '../format/data-block.js'
import { InodeType } from '../format/inode.js'
import type { BaseBlock } from '../image/base-block.js'
import type { BlockWriter } from '../image/block-writer.js'
import type { EncodedBlock } from '../image/encode-block.js'
import type { Output } from '../image/output.js'
import { changedAt } from '../source/identity.js'
import { toDisplay } from '../tree/byte-string.js'
import type { FileNode, Node } from '../tree/node.js'
import { encodePackRecord, type FileToRecord, IDENTITY_SIZE, type RecordedFile } from './pack-record.js'

/**
 * A file that was changed less than this many milliseconds before the scan is not recorded. A file that changes twice within a tick
 * of the filesystem's clock has the same ctime after both changes, and may have been read between them: git calls such an entry
 * "racily clean". Most clocks have ticks of 1 to 10 ms, some of a second, FAT of two seconds.
 */
const TOO_YOUNG = 2_000

/** An unchanged file, whose record is kept. */
export interface CarriedFile {
  readonly recorded: RecordedFile
  /** Whether its xattrs were read again. */
  readonly readsXattrs: boolean
}

export interface RecorderOptions {
  readonly settings: string
  /** The start of the scan, in milliseconds since 1970. */
  readonly scanStart: number
  /** Whether all xattrs of all files are read. */
  readonly readsXattrs: boolean
  /** The record of an unchanged file in the base; undefined for other files. */
  readonly carried: (file: FileNode) => CarriedFile | undefined
  /** The checksum of a block of the base. */
  readonly checksumInBase: (block: BaseBlock) => number
  /** Seconds of the last packing without a base; null to use the duration of this packing. */
  readonly secondsInFull: number | null
  /** The version of the examiner whose results are recorded; null for none. */
  readonly examiner: string | null
  /** Whether the results in the record of the base are those of this version. */
  readonly keepsExamined: boolean
}

export class Recorder {
  readonly #options: RecorderOptions
  readonly #sizes: number[] = []
  readonly #checksums: number[] = []
  #firstBlock: number | null = null
  readonly #withXattrs = new Set<FileNode>()
  /** The examiner's results as JSON. */
  readonly #examined = new Map<FileNode, string>()
  readonly #tables: Hash = createHash('sha256')
  #image: {
    readonly leaves: readonly Node[]
    readonly bytesUsed: number
    readonly digest: string
  } | null = null

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /** Wraps the block writer to compute the checksum of each block. */
  writer(writer: BlockWriter): BlockWriter {
    const checksumOf = (block: EncodedBlock | BaseBlock) =>
      'data' in block ? crc32(block.data) : this.#options.checksumInBase(block)
    return {
      append: (block, written, release) => {
        let checksum = 0
        const take = <B extends EncodedBlock | BaseBlock>(known: B): B => {
          checksum = checksumOf(known)
          return known
        }
        const noted = (start: number, sizeWord: number) => {
          this.#note(start, sizeWord, checksum)
          written(start, sizeWord)
        }
        writer.append(block instanceof Promise ? block.then(take) : take(block), noted, release)
      },
      backpressure: () => writer.backpressure(),
      drain: () => writer.drain(),
    }
  }

  /** Wraps the output to digest all bytes that are appended from now on. */
  tables(output: Output): Output {
    const digest = this.#tables
    return {
      get position() {
        return output.position
      },
      append(bytes, release) {
        digest.update(bytes)
        return output.append(bytes, release)
      },
      appendFromBase: (from, length) => output.appendFromBase(from, length),
      backpressure: () => output.backpressure(),
      startWriting: () => output.startWriting(),
      flush: () => output.flush(),
      overwrite: (bytes, position) => output.overwrite(bytes, position),
    }
  }

  /** Called for a file that has xattrs which an image could hold. */
  hasXattrs(file: FileNode): void {
    this.#withXattrs.add(file)
  }

  /** @throws SquashfsError for a result that JSON cannot hold. When the record is written, the image is complete already. */
  wasExamined(file: FileNode, result: unknown): void {
    if (result === undefined) return
    try {
      this.#examined.set(file, JSON.stringify(result))
    } catch (cause) {
      throw unrecordable(file, cause)
    }
  }

  /**
   * Called when the image is complete.
   * @param leaves in the order of their inode numbers.
   */
  complete(leaves: readonly Node[], superblock: Uint8Array, bytesUsed: number): void {
    this.#image = { leaves, bytesUsed, digest: this.#tables.update(superblock).digest('hex') }
  }

  /** The record of the complete image. @param file the identity of the image file; null if it is not known. */
  record(file: FileIdentity | null): Uint8Array {
    const { settings, secondsInFull, scanStart, examiner } = this.#options
    const { leaves, ...tie } = this.#image!
    return encodePackRecord({
      tie: { ...tie, file },
      settings,
      user: process.geteuid?.() ?? null,
      secondsInFull: secondsInFull ?? (Date.now() - scanStart) / 1000,
      examiner,
      blocks: { start: this.#firstBlock ?? 0, sizes: this.#sizes, checksums: this.#checksums },
      inodes: leaves.length,
      files: this.#recordedFiles(leaves),
    })
  }

  #note(start: number, sizeWord: number, checksum: number): void {
    this.#firstBlock ??= start
    this.#sizes.push(blockSizeOnDisk(sizeWord))
    this.#checksums.push(checksum)
  }

  *#recordedFiles(leaves: readonly Node[]): Iterable<FileToRecord | null> {
    for (const node of leaves) yield node.type === InodeType.FILE ? this.#recorded(node) : null
  }

  #recorded(file: FileNode): FileToRecord | null {
    const { content } = file
    if (content.kind !== 'disk') return null
    const { carried: carriedOf, keepsExamined, scanStart, readsXattrs } = this.#options
    const carried = carriedOf(file)
    if (carried) {
      const { recorded } = carried
      const withoutXattrs = carried.readsXattrs ? !this.#withXattrs.has(file) : recorded.withoutXattrs
      const known =
        keepsExamined && recorded.examined !== undefined ? JSON.stringify(recorded.examined) : undefined
      return { ...recorded, withoutXattrs, examined: this.#examined.get(file) ?? known }
    }
    if (changedAt(content.seen) >= scanStart - TOO_YOUNG) return null
    return {
      identity: content.seen.slice(0, IDENTITY_SIZE),
      withoutXattrs: readsXattrs && content.xattrsWithContent && !this.#withXattrs.has(file),
      digest: file.digest,
      examined: this.#examined.get(file),
    }
  }
}

/** @param cause the error of `JSON.stringify`: a BigInt, a cycle, or a text that is too long. */
function unrecordable({ content }: FileNode, cause: unknown): SquashfsError {
  const path = content.kind === 'disk' ? `${toDisplay(`${content.directory.path}/${content.name}`)}: ` : ''
  return new SquashfsError(
    'EXAMINER_RESULT',
    `${path}the examiner's result cannot be written as JSON (${messageOf(cause).split('\n')[0]}); ` +
      'return a value without BigInts and cycles, or leave examination.version out, so that results are not recorded',
    { cause },
  )
}

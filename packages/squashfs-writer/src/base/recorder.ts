/** Recorder: gathers what the pack record says, while an image is written. */

import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { FileIdentity } from '../destination/identity.js'
import { messageOf, SquashfsError } from '../errors.js'
import { blockSizeOnDisk } from '../format/data-block.js'
import { InodeType } from '../format/inode.js'
import type { BlockOfBase } from '../image/base-block.js'
import type { BlockWriter } from '../image/block-writer.js'
import type { EncodedBlock } from '../image/encode-block.js'
import type { Output } from '../image/output.js'
import { changedAt } from '../source/identity.js'
import { toDisplay } from '../tree/byte-string.js'
import type { FileNode, Node } from '../tree/node.js'
import { encodePackRecord, type FileToRecord, IDENTITY_SIZE, type RecordedFile } from './pack-record.js'

/**
 * Milliseconds before the scan from which on a change is too young. A file that is changed twice within the granularity of its
 * filesystem's clock has the same ctime after both, and may have been read between them: git calls such an entry "racily
 * clean". Clocks of filesystems step by 1 to 10 ms, some by a second, FAT's by two.
 */
const TOO_YOUNG = 2_000

/** A file of which the same is known as before. */
export interface CarriedFile {
  readonly recorded: RecordedFile
  /** Whether it was asked for its xattrs once more. */
  readonly asksXattrs: boolean
}

export interface RecorderOptions {
  readonly settings: string
  /** When the scan began, in milliseconds since 1970. */
  readonly scanStart: number
  /** Whether all xattrs of all files are asked for. */
  readonly asksXattrs: boolean
  /** The base's record of a file that is taken over; undefined for the others. */
  readonly carried: (file: FileNode) => CarriedFile | undefined
  /** The checksum of a block of the base. */
  readonly checksumInBase: (block: BlockOfBase) => number
  /** Seconds that it took to pack everything; null to count those of this packing. */
  readonly secondsInFull: number | null
  /** The examiner whose answers are recorded, and its version; null for none. */
  readonly examiner: string | null
  /** Whether the answers in the base's record are those of this examiner. */
  readonly keepsAnswers: boolean
}

export class Recorder {
  readonly #options: RecorderOptions
  readonly #sizes: number[] = []
  readonly #checksums: number[] = []
  #firstBlock: number | null = null
  readonly #withXattrs = new Set<FileNode>()
  /** The examiner's answers as JSON. */
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

  /** The block writer, with the blocks' checksums taken on the way. */
  writer(writer: BlockWriter): BlockWriter {
    const checksumOf = (block: EncodedBlock | BlockOfBase) =>
      'data' in block ? crc32(block.data) : this.#options.checksumInBase(block)
    return {
      append: (block, written, release) => {
        let checksum = 0
        const take = <B extends EncodedBlock | BlockOfBase>(known: B): B => {
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

  /** The output, with all that is appended from now on digested. */
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
      appendOfBase: (from, length) => output.appendOfBase(from, length),
      backpressure: () => output.backpressure(),
      handOver: () => output.handOver(),
      flush: () => output.flush(),
      overwrite: (bytes, position) => output.overwrite(bytes, position),
    }
  }

  /** Told of a file that has xattrs which an image could hold. */
  hasXattrs(file: FileNode): void {
    this.#withXattrs.add(file)
  }

  /** @throws SquashfsError for an answer that JSON cannot hold: the record is written only when the image is in its place. */
  wasExamined(file: FileNode, answer: unknown): void {
    if (answer === undefined) return
    try {
      this.#examined.set(file, JSON.stringify(answer))
    } catch (cause) {
      throw unrecordable(file, cause)
    }
  }

  /**
   * Told of the image that is complete.
   * @param leaves in the order of their inode numbers.
   */
  complete(leaves: readonly Node[], superblock: Uint8Array, bytesUsed: number): void {
    this.#image = { leaves, bytesUsed, digest: this.#tables.update(superblock).digest('hex') }
  }

  /** The record of the image that is complete. @param file which it has become; null where that is not known. */
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
    const { carried: carriedOf, keepsAnswers, scanStart, asksXattrs } = this.#options
    const carried = carriedOf(file)
    if (carried) {
      const { recorded } = carried
      const withoutXattrs = carried.asksXattrs ? !this.#withXattrs.has(file) : recorded.withoutXattrs
      const known =
        keepsAnswers && recorded.answer !== undefined ? JSON.stringify(recorded.answer) : undefined
      return { ...recorded, withoutXattrs, answer: this.#examined.get(file) ?? known }
    }
    if (changedAt(content.seen) >= scanStart - TOO_YOUNG) return null
    return {
      identity: content.seen.slice(0, IDENTITY_SIZE),
      withoutXattrs: asksXattrs && content.bringsXattrs && !this.#withXattrs.has(file),
      digest: file.digest,
      answer: this.#examined.get(file),
    }
  }
}

/** @param cause the error of `JSON.stringify`: a BigInt, a cycle, or a text that is too long. */
function unrecordable({ content }: FileNode, cause: unknown): SquashfsError {
  const path = content.kind === 'disk' ? `${toDisplay(`${content.directory.path}/${content.name}`)}: ` : ''
  return new SquashfsError(
    'EXAMINER_ANSWER',
    `${path}the examiner's answer cannot be written as JSON (${messageOf(cause).split('\n')[0]}); ` +
      'return a value without BigInts and cycles, or leave examination.version out, so that answers are not recorded',
    { cause },
  )
}

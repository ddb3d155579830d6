/** Recorder: gathers what the pack record says, while an image is written. */

import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { FileIdentity } from '../destination/identity.js'
import { blockSizeOnDisk } from '../format/data-block.js'
import { InodeType } from '../format/inode.js'
import type { BlockOfBase } from '../image/base-block.js'
import type { BlockWriter } from '../image/block-writer.js'
import type { EncodedBlock } from '../image/encode-block.js'
import type { Output } from '../image/output.js'
import { changedAt } from '../source/identity.js'
import type { FileNode, Node } from '../tree/node.js'
import { encodePackRecord, IDENTITY_SIZE, type RecordedFile } from './pack-record.js'

/**
 * Milliseconds before the scan from which on a change is too young. A file that is changed twice within the granularity of its
 * filesystem's clock has the same ctime after both, and may have been read between them: git calls such an entry "racily
 * clean". Clocks of filesystems step by 1 to 10 ms, some by a second, FAT's by two.
 */
const TOO_YOUNG = 2_000

export interface Recorder {
  /** The block writer, with the blocks' checksums taken on the way. */
  writer(writer: BlockWriter): BlockWriter
  /** The output, with all that is appended from now on digested. */
  tables(output: Output): Output
  /** Told of a file that has xattrs which an image could hold. */
  hasXattrs(file: FileNode): void
  wasExamined(file: FileNode, answer: unknown): void
  /**
   * Told of the image that is complete.
   * @param leaves in the order of their inode numbers.
   */
  complete(leaves: readonly Node[], superblock: Uint8Array, bytesUsed: number): void
  /** The record of the image that is complete. @param file which it has become; null where that is not known. */
  record(file: FileIdentity | null): Uint8Array
}

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

export function createRecorder(options: RecorderOptions): Recorder {
  const sizes: number[] = []
  const checksums: number[] = []
  let firstBlock: number | null = null
  const withXattrs = new Set<FileNode>()
  const examined = new Map<FileNode, unknown>()
  const tables: Hash = createHash('sha256')
  let image: {
    readonly leaves: readonly Node[]
    readonly bytesUsed: number
    readonly digest: string
  } | null = null

  function note(start: number, sizeWord: number, checksum: number): void {
    firstBlock ??= start
    sizes.push(blockSizeOnDisk(sizeWord))
    checksums.push(checksum)
  }

  const checksumOf = (block: EncodedBlock | BlockOfBase) =>
    'data' in block ? crc32(block.data) : options.checksumInBase(block)

  return {
    writer: (writer) => ({
      append(block, written, release) {
        let checksum = 0
        const take = <B extends EncodedBlock | BlockOfBase>(known: B): B => {
          checksum = checksumOf(known)
          return known
        }
        const noted = (start: number, sizeWord: number) => {
          note(start, sizeWord, checksum)
          written(start, sizeWord)
        }
        writer.append(block instanceof Promise ? block.then(take) : take(block), noted, release)
      },
      backpressure: () => writer.backpressure(),
      drain: () => writer.drain(),
    }),
    tables: (output) => ({
      get position() {
        return output.position
      },
      append(bytes, release) {
        tables.update(bytes)
        return output.append(bytes, release)
      },
      appendOfBase: (from, length) => output.appendOfBase(from, length),
      backpressure: () => output.backpressure(),
      handOver: () => output.handOver(),
      flush: () => output.flush(),
      overwrite: (bytes, position) => output.overwrite(bytes, position),
    }),
    hasXattrs: (file) => void withXattrs.add(file),
    wasExamined: (file, answer) => void examined.set(file, answer),
    complete(leaves, superblock, bytesUsed) {
      image = { leaves, bytesUsed, digest: tables.update(superblock).digest('hex') }
    },
    record(file) {
      const { leaves, ...tie } = image!
      return encodePackRecord({
        tie: { ...tie, file },
        settings: options.settings,
        user: process.geteuid?.() ?? null,
        secondsInFull: options.secondsInFull ?? (Date.now() - options.scanStart) / 1000,
        examiner: options.examiner,
        blocks: { start: firstBlock ?? 0, sizes, checksums },
        inodes: leaves.length,
        files: recordedFiles(leaves),
      })
    },
  }

  function* recordedFiles(leaves: readonly Node[]): Iterable<RecordedFile | null> {
    for (const node of leaves) yield node.type === InodeType.FILE ? recorded(node) : null
  }

  function recorded(file: FileNode): RecordedFile | null {
    const { content } = file
    if (content.kind !== 'disk') return null
    const carried = options.carried(file)
    if (carried) {
      const { recorded, asksXattrs } = carried
      const withoutXattrs = asksXattrs ? !withXattrs.has(file) : recorded.withoutXattrs
      const known = options.keepsAnswers ? recorded.answer : undefined
      return { ...recorded, withoutXattrs, answer: examined.get(file) ?? known }
    }
    if (changedAt(content.seen) >= options.scanStart - TOO_YOUNG) return null
    return {
      identity: content.seen.slice(0, IDENTITY_SIZE),
      withoutXattrs: options.asksXattrs && content.bringsXattrs && !withXattrs.has(file),
      digest: file.digest,
      answer: examined.get(file),
    }
  }
}

/**
 * Pack record: data about a packing that the image cannot contain, because its bytes depend on input and options alone. With it,
 * the next packing knows without reading which files are unchanged. The caller stores the record anywhere.
 *
 * A record is protected by a checksum. An invalid one is decoded as `null`, and files are then compared.
 *
 * Layout, little-endian: 8 bytes of magic; u32 length of the header; the header as JSON; for each block, in the order on disk, u32
 * size on disk and u32 CRC-32; for each inode, 1 byte of flags and 48 bytes of identity; digests of 32 bytes for the inodes that
 * have one; the results of the examiner as JSON, a list of pairs of an index and a result; the CRC-32 of all bytes before.
 */
import { crc32 } from 'node:zlib'
import type { FileIdentity } from '../destination/identity.js'
import { viewOf } from '../format/byte-order.js'
import type { ByteString } from '../tree/byte-string.js'

export interface PackRecord {
  /** The fields that tie the record to its image. */
  readonly tie: ImageTie
  /** The settings that decide the bytes of blocks, as text to compare. */
  readonly settings: string
  /** The uid of the packing process: another user may see other xattrs. */
  readonly user: number | null
  /** Seconds of the last packing without a base; null if there was none. */
  readonly secondsInFull: number | null
  /** The version of the examiner whose results it has; null for none. */
  readonly examiner: string | null
  /** The size and checksum of each block. */
  readonly blocks: BlockChecksums
  /**
   * The record of an inode, by its number; null for none. It is decoded on demand: 20,000 short-lived objects cost less than
   * 20,000 long-lived ones.
   */
  file(number: number): RecordedFile | null
}

/** The content of a new record. */
export interface NewPackRecord extends Omit<PackRecord, 'file'> {
  readonly inodes: number
  /** One for each inode, in the order of inode numbers. */
  readonly files: Iterable<FileToRecord | null>
}

/** A file as it goes into a record. */
export interface FileToRecord extends Omit<RecordedFile, 'examined'> {
  /** The examiner's result as JSON; undefined if the file was not examined. */
  readonly examined: string | undefined
}

export interface ImageTie {
  /** Bytes of the image without padding. */
  readonly bytesUsed: number
  /** SHA-256 of all tables and the superblock, in hexadecimal. */
  readonly digest: string
  /** The identity of the image file. It is unchanged if this is the same. Null if the image was written to a sink. */
  readonly file: FileIdentity | null
}

export interface BlockChecksums {
  /** Position of the first block, in bytes from the start of the image. */
  readonly start: number
  readonly sizes: readonly number[]
  /** CRC-32 of the bytes on disk. */
  readonly checksums: readonly number[]
}

/** A file whose identity certainly belongs to its content. */
export interface RecordedFile {
  /** Inode number, size, ctime and mtime: the first {@link IDENTITY_SIZE} bytes of a node's identity. */
  readonly identity: ByteString
  /** Whether it had no xattr that an image could hold. */
  readonly withoutXattrs: boolean
  /** The digest of its content; null if none was needed. */
  readonly digest: ByteString | null
  /** The result of the examiner; undefined if the file was not examined. */
  readonly examined: unknown
}

/** Bytes of an identity that are recorded. Owner, permissions and filesystem are left out. */
export const IDENTITY_SIZE = 48
const NO_IDENTITY = '\0'.repeat(IDENTITY_SIZE)
const DIGEST_SIZE = 32
const STRINGS_AT_ONCE = 1024
const CHECKSUM_SIZE = 4
/** "SQPKREC" and the version of the layout. */
const MAGIC = 'SQPKREC\x01'
const HEADER_START = MAGIC.length + 4
const FLAG = { KNOWN: 1, WITHOUT_XATTRS: 2, DIGEST: 4 } as const
/** A limit for the number of blocks and inodes, which no real record reaches. */
const MAX_COUNT = 2 ** 31

interface Header {
  readonly tie: ImageTie
  readonly settings: string
  readonly user: number | null
  readonly secondsInFull: number | null
  readonly examiner: string | null
  readonly firstBlock: number
  readonly blocks: number
  readonly inodes: number
  readonly digests: number
}

export function encodePackRecord(record: NewPackRecord): Uint8Array {
  const { blocks, inodes, files, ...head } = record
  const { flags, identities, digests, examined } = columnsOf(files, inodes)
  const header: Header = {
    ...head,
    firstBlock: blocks.start,
    blocks: blocks.sizes.length,
    inodes,
    digests: digests.length / DIGEST_SIZE,
  }
  const text = Buffer.from(JSON.stringify(header))
  const start = Buffer.alloc(HEADER_START)
  start.writeUInt32LE(text.length, start.write(MAGIC, 'latin1'))
  const columns = [start, text, checksumColumn(blocks), flags, identities, digests, examined]
  const checksum = Buffer.alloc(CHECKSUM_SIZE)
  checksum.writeUInt32LE(columns.reduce((sum, column) => crc32(column, sum), 0))
  return Buffer.concat([...columns, checksum])
}

function checksumColumn({ sizes, checksums }: BlockChecksums): Buffer {
  const column = Buffer.alloc(8 * sizes.length)
  for (const [n, size] of sizes.entries())
    column.writeUInt32LE(checksums[n]!, column.writeUInt32LE(size, 8 * n))
  return column
}

/** Encodes one file after another. None is kept: half a million take 60 MB. */
function columnsOf(files: NewPackRecord['files'], inodes: number) {
  const flags = Buffer.alloc(inodes)
  const identities = new LatinColumn()
  const digests = new LatinColumn()
  const examined: string[] = []
  let n = 0
  for (const file of files) {
    if (file) {
      flags[n] = flagsOf(file)
      if (file.digest !== null) digests.add(file.digest)
      if (file.examined !== undefined) examined.push(`[${n},${file.examined}]`)
    }
    identities.add(file?.identity ?? NO_IDENTITY)
    n++
  }
  return {
    flags,
    identities: identities.bytes(),
    digests: digests.bytes(),
    examined: Buffer.from(`[${examined.join(',')}]`),
  }
}

/** Concatenates short byte strings. Encoding a long string takes a tenth of the time of many short ones. */
class LatinColumn {
  readonly #parts: Buffer[] = []
  #waiting: ByteString[] = []

  add(text: ByteString): void {
    if (this.#waiting.push(text) === STRINGS_AT_ONCE) this.#encode()
  }

  bytes(): Buffer {
    this.#encode()
    return Buffer.concat(this.#parts)
  }

  #encode(): void {
    this.#parts.push(Buffer.from(this.#waiting.join(''), 'latin1'))
    this.#waiting = []
  }
}

function flagsOf({ withoutXattrs, digest }: FileToRecord): number {
  return FLAG.KNOWN | (withoutXattrs ? FLAG.WITHOUT_XATTRS : 0) | (digest === null ? 0 : FLAG.DIGEST)
}

/** Decodes a record; null if the bytes are not a record, or it is damaged. */
export function decodePackRecord(bytes: Uint8Array): PackRecord | null {
  const record8 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < HEADER_START + CHECKSUM_SIZE) return null
  const end = bytes.length - CHECKSUM_SIZE
  if (record8.toString('latin1', 0, MAGIC.length) !== MAGIC) return null
  if (crc32(bytes.subarray(0, end)) !== record8.readUInt32LE(end)) return null
  const headerEnd = HEADER_START + record8.readUInt32LE(MAGIC.length)
  if (headerEnd > end) return null
  const header = headerOf(record8.toString('utf8', HEADER_START, headerEnd))
  if (!header) return null
  const flagsStart = headerEnd + 8 * header.blocks
  const identitiesStart = flagsStart + header.inodes
  const digestsStart = identitiesStart + IDENTITY_SIZE * header.inodes
  const examinedStart = digestsStart + DIGEST_SIZE * header.digests
  if (examinedStart > end) return null

  const flags = record8.subarray(flagsStart, identitiesStart)
  const digestsBefore = digestsBeforeEach(flags)
  if (digestsBefore.at(-1) !== header.digests) return null
  const examined = examinedFrom(record8.toString('utf8', examinedStart, end))
  if (!examined) return null
  const { tie, settings, user, secondsInFull, examiner } = header
  const blocks = checksumsFrom(bytes.subarray(headerEnd, flagsStart), header)
  return { tie, settings, user, secondsInFull, examiner, blocks, file }

  function file(number: number): RecordedFile | null {
    const n = number - 1
    const known = flags[n] ?? 0
    if ((known & FLAG.KNOWN) === 0) return null
    const identityAt = identitiesStart + n * IDENTITY_SIZE
    const digestAt = digestsStart + digestsBefore[n]! * DIGEST_SIZE
    return {
      identity: record8.toString('latin1', identityAt, identityAt + IDENTITY_SIZE),
      withoutXattrs: (known & FLAG.WITHOUT_XATTRS) !== 0,
      digest:
        (known & FLAG.DIGEST) === 0 ? null : record8.toString('latin1', digestAt, digestAt + DIGEST_SIZE),
      examined: examined!.get(n),
    }
  }
}

/** The number of digests before that of each inode; the last element is the number of all digests. */
function digestsBeforeEach(flags: Uint8Array): Uint32Array {
  const before = new Uint32Array(flags.length + 1)
  for (const [n, known] of flags.entries()) {
    const has = (known & FLAG.KNOWN) !== 0 && (known & FLAG.DIGEST) !== 0
    before[n + 1] = before[n]! + (has ? 1 : 0)
  }
  return before
}

function checksumsFrom(bytes: Uint8Array, { firstBlock, blocks }: Header): BlockChecksums {
  const view = viewOf(bytes)
  const sizes: number[] = []
  const checksums: number[] = []
  for (let n = 0; n < blocks; n++) {
    sizes.push(view.getUint32(8 * n, true))
    checksums.push(view.getUint32(8 * n + 4, true))
  }
  return { start: firstBlock, sizes, checksums }
}

/** Decodes the results of the examiner; null if they are not a list of pairs. */
function examinedFrom(text: string): ReadonlyMap<number, unknown> | null {
  try {
    return new Map(JSON.parse(text) as [number, unknown][])
  } catch {
    return null
  }
}

function headerOf(text: string): Header | null {
  let header: Partial<Record<keyof Header, unknown>>
  try {
    header = JSON.parse(text) as typeof header
  } catch {
    return null
  }
  if (typeof header !== 'object' || header === null) return null
  const { tie, settings, user, secondsInFull, examiner, firstBlock, blocks, inodes, digests } = header
  const isCount = (value: unknown): value is number =>
    Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < MAX_COUNT
  const isNumberOrNull = (value: unknown): value is number | null =>
    value === null || (typeof value === 'number' && Number.isFinite(value))
  if (!isTie(tie) || typeof settings !== 'string' || !isNumberOrNull(user) || !isNumberOrNull(secondsInFull))
    return null
  if (examiner !== null && typeof examiner !== 'string') return null
  if (!isCount(firstBlock) || !isCount(blocks) || !isCount(inodes) || !isCount(digests)) return null
  return { tie, settings, user, secondsInFull, examiner, firstBlock, blocks, inodes, digests }
}

function isTie(tie: unknown): tie is ImageTie {
  if (typeof tie !== 'object' || tie === null) return false
  const { bytesUsed, digest, file }: Partial<Record<keyof ImageTie, unknown>> = tie
  return (
    Number.isSafeInteger(bytesUsed) &&
    typeof digest === 'string' &&
    (file === null || typeof file === 'string')
  )
}

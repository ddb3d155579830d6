/** Protocol: the messages between the calling thread and the workers: jobs and their answers. */
import { type CodecRecipe, roomFor } from '../../codec/codec.js'
import type { Unreadable } from '../../errors.js'
import type { BlockOfBase, FragmentOfBase, PartOfBase } from '../../image/base-block.js'
import type { BytePath, ByteString } from '../../tree/byte-string.js'
import type { DirectoryOnDisk, FileNode, FileOnDisk, Identity, Xattr } from '../../tree/node.js'

/** Bytes of a buffer: many small files, or one part of a large one; a multiple of every block size. */
export const BUFFER_SIZE = 1_048_576
/** The same with room for what is made of it: encoded blocks lie behind. The system gives memory only for what is used. */
export const BUFFER_WITH_ROOM = BUFFER_SIZE + roomFor(BUFFER_SIZE)

/** The numbers of an `lstat`, in the sequence in which they lie in {@link Facts.numbers}. */
export const FACT = {
  mode: 0,
  uid: 1,
  gid: 2,
  mtime: 3,
  size: 4,
  blocks: 5,
  device: 6,
  major: 7,
  minor: 8,
} as const
export const FACTS = 9

/** Milliseconds above which a metadata call is slow: it is then not this machine that answers. */
export const SLOW_CALL = 0.3

/** What a worker says first: its modules are loaded. */
export const READY = 'ready'

/** Why something could not be read; its owner knows the path. */
export type Failure = Omit<Unreadable, 'path'>

export function isFailure(answer: unknown): answer is Failure {
  return typeof answer === 'object' && answer !== null && 'code' in answer
}

/** The status of some names of a directory. Sparse fields are pairs of an index into `names` and a value. */
export interface Facts {
  readonly names: ByteString[]
  /** {@link FACTS} numbers for each name. */
  readonly numbers: Float64Array
  readonly targets: (readonly [number, ByteString])[]
  /** Of all but those that {@link bringsXattrs}. */
  readonly xattrs: (readonly [number, readonly Xattr[]])[]
  /** Of each regular file and directory; empty for the rest. */
  readonly identities: Identity[]
  /** Inodes with several names. */
  readonly hardLinks: (readonly [number, string])[]
  readonly failures: (readonly [number, Failure])[]
}

/**
 * One of the numbers about a name. As a small integer where it is one: V8 keeps what comes from a Float64Array in a box of its
 * own, which takes 16 bytes and its share of every garbage collection.
 */
export function numberOf({ numbers }: Facts, n: number, fact: number): number {
  const found = numbers[n * FACTS + fact]!
  const small = found | 0
  return small === found ? small : found
}

/** The value of a sparse field for a name; undefined where there is none. */
export function factOf<T>(pairs: readonly (readonly [number, T])[], n: number): T | undefined {
  return pairs.length === 0 ? undefined : pairs.find(([index]) => index === n)?.[1]
}

/**
 * Whether a regular file's xattrs are read with its content: a file that fits a buffer is opened just once, and what is
 * open is asked without being looked up.
 */
export function bringsXattrs(size: number): boolean {
  return size <= BUFFER_SIZE
}

/** A directory whose names are asked for; or, of one that was listed already, some of its names. */
export interface DirectoryToList extends DirectoryOnDisk {
  /** The name '' stands for the directory itself. */
  readonly names: ByteString[] | null
}

/** The xattrs that are read: all, the access ACL alone (the mode depends on it), or none. */
export type XattrsRead = 'all' | 'access-acl' | 'none'

/** Names about which there are facts in one go; the rest is given back as names. */
export const NAMES_PER_BATCH = 128
/** Milliseconds after which a job ends with the directory that it is at, so that slow directories are shared out. */
export const STAT_TIME = 100

/** Where a file is and what it must be. */
export type FilePlace = Pick<FileOnDisk, 'directory' | 'name' | 'seen'>

/**
 * Ranges of files, one after another. Columns rather than objects: structured clone takes a microsecond for each property,
 * and 20,000 files have nine of them.
 */
export interface Ranges {
  /** Each file's directory; the descriptor of a file that is open already; or null where the bytes are in the buffer. */
  readonly directories: (DirectoryOnDisk | number | null)[]
  readonly names: ByteString[]
  readonly seen: Identity[]
  /** {@link RANGE_NUMBERS} numbers for each. */
  readonly numbers: number[]
  /** Of some: for each of their blocks, one of the base that may have the same content. */
  readonly likes: (readonly [number, BlocksOfBase])[]
}

/** Null where a block has none. */
export type BlocksOfBase = readonly (BlockOfBase | null)[]

/** The base, as a worker needs it. */
export interface BaseAccess {
  readonly descriptor: number
  /** The compressor's id. */
  readonly compressor: number
}

/** The numbers of a range, in their sequence. */
export const RANGE = {
  /** Of the whole file. */
  size: 0,
  start: 1,
  length: 2,
  /** Where in the buffer the bytes are or go. */
  at: 3,
  /** Bytes, from the range's start on, that are cut into blocks and encoded. */
  inBlocks: 4,
  /** {@link RangeFlag}s. */
  flags: 5,
  /** The block, among those that are encoded in this job, to which the rest goes: the tail; -1 for none. */
  tailBlock: 6,
} as const
export const RANGE_NUMBERS = 7

export const RangeFlag = {
  /** A digest of the range is wanted. */
  DIGEST: 1,
  /** The file's xattrs are wanted. */
  XATTRS: 2,
  /** The file is to be examined. */
  EXAMINE: 4,
} as const

export function noRanges(): Ranges {
  return { directories: [], names: [], seen: [], numbers: [], likes: [] }
}

/** A request for a range of a file. */
export interface RangeRequest {
  readonly start: number
  readonly length: number
  readonly at: number
  readonly inBlocks: number
  readonly flags: number
  readonly tailBlock?: number
  readonly like?: BlocksOfBase | null
}

/** Adds a range of a file; of one whose bytes the caller has put into the buffer where its content is not one of a disk. */
export function addRange(
  ranges: Ranges,
  { content, size }: Pick<FileNode, 'content' | 'size'>,
  request: RangeRequest,
): void {
  const { start, length, at, inBlocks, flags, tailBlock = -1, like } = request
  if (like) ranges.likes.push([ranges.names.length, like])
  const onDisk = content.kind === 'disk'
  ranges.directories.push(onDisk ? content.directory : content.kind === 'range' ? content.descriptor : null)
  ranges.names.push(onDisk ? content.name : '')
  ranges.seen.push(onDisk ? content.seen : '')
  const from = content.kind === 'range' ? content.start + start : start
  const wanted = onDisk && content.bringsXattrs ? flags : flags & ~RangeFlag.XATTRS
  ranges.numbers.push(size, from, length, at, inBlocks, wanted, tailBlock)
}

/** A single range of a file, for the jobs that take one. */
export function rangeOf(file: FileNode, flags = 0): Ranges {
  const ranges = noRanges()
  addRange(ranges, file, { start: 0, length: file.size, at: 0, inBlocks: 0, flags })
  return ranges
}

/** The results for ranges. Sparse fields are pairs of an index into them and a value. */
export interface RangesRead {
  readonly failures: (readonly [number, Failure])[]
  readonly digests: (readonly [number, string])[]
  readonly xattrs: (readonly [number, readonly Xattr[]])[]
  readonly examined: (readonly [number, unknown])[]
  /**
   * The size words of all blocks, range after range. The encoded blocks lie behind the ranges in the buffer, those of a range
   * one after another.
   */
  readonly sizeWords: number[]
  /** Where the encoded blocks of each range begin. */
  readonly blocksAt: number[]
  /** {@link TAIL_BLOCK_NUMBERS} numbers for each block of tails that was asked for. */
  readonly tailBlocks: number[]
  /** Bytes of blocks that were taken from the base. */
  takenFromBase: number
}

/** The numbers of a block of tails, in their sequence. */
export const TAIL_BLOCK = {
  /** How many tails it holds: not those of files that could not be read, or whose content came before in the same job. */
  tails: 0,
  sizeWord: 1,
  /** Where in the buffer it lies. */
  at: 2,
} as const
export const TAIL_BLOCK_NUMBERS = 3

/** Bytes that lie in a buffer which all threads see. */
export interface SharedPart {
  readonly buffer: SharedArrayBuffer
  readonly start: number
  readonly length: number
}

export interface Jobs {
  /** Facts about what is in directories: of the first ones, as far as {@link STAT_TIME} goes, and at least of one. */
  stat: {
    ask: { directories: DirectoryToList[]; xattrs: XattrsRead }
    answer: ((Facts & { rest: ByteString[] }) | Failure)[]
  }
  /** Reads ranges of files into a buffer, digests them, and encodes their blocks in place. */
  read: { ask: { ranges: Ranges; buffer: SharedArrayBuffer; base?: BaseAccess | null }; answer: RangesRead }
  /** Encodes a block that lies in several parts, or is given as it is. */
  encode: {
    ask: {
      parts: readonly (SharedPart | Uint8Array | PartOfBase)[]
      stored: boolean
      base?: BaseAccess | null
      /** A block of the base that may have the same content. */
      like?: FragmentOfBase | null
    }
    answer: { readonly data: Uint8Array; readonly sizeWord: number; readonly takenFromBase?: true }
  }
  /** The digest of a whole file, which may be examined in the same go. */
  digest: {
    ask: { ranges: Ranges }
    answer: Failure | { readonly digest: string; readonly examined: unknown }
  }
  /** Where a file has data: [start, end, ...]. */
  extents: { ask: { ranges: Ranges }; answer: Failure | number[] }
  /** Opens files and examines them, without reading them whole. */
  examine: { ask: { ranges: Ranges }; answer: ({ readonly found: unknown } | Failure)[] }
  /** Which blocks of the base are not what their checksums say, of blocks that lie one after another. */
  'check-base': {
    ask: { base: BaseAccess; position: number; sizes: readonly number[]; checksums: readonly number[] }
    answer: number[]
  }
  /** Whether this encoder makes of the content of some blocks of the base the same blocks again. */
  'try-base': { ask: { base: BaseAccess; blocks: readonly BlockOfBase[] }; answer: boolean }
}
export type JobName = keyof Jobs

export type JobMessage = { [N in JobName]: { id: number; name: N; ask: Jobs[N]['ask'] } }[JobName]

/** An answer on its way back. */
export interface AnswerMessage {
  readonly id: number
  readonly answer?: unknown
  /** The error with which the job as a whole failed. */
  readonly error?: unknown
  /** In place of `error`, from another thread: the codec that does not run on this machine, and why. */
  readonly missingCodec?: { readonly codec: string; readonly reason: unknown }
  /** Metadata calls that the job made, and how many of them were slow. */
  readonly calls: number
  readonly slowCalls: number
}

/** The settings of an executor, as plain data. */
export interface ExecutorSetup {
  /** Bytes, a power of two. */
  readonly blockSize: number
  /** null where blocks are encoded by the calling thread alone, or not at all. */
  readonly codec: CodecRecipe | null
  /** Whether data blocks stay uncompressed. */
  readonly storeData: boolean
  /** Whether blocks of tails stay uncompressed. */
  readonly storeTails: boolean
  /** How many threads may compress, as a counter that they share. */
  readonly permits: SharedArrayBuffer
  /** The examiner: the URL of a module whose default export is an {@link Examine}; null for none. */
  readonly examiner: string | null
}

/**
 * Looks at a file while it is open.
 * @param file its path from the packed directory on, and its size.
 * @param read gives bytes of the file: fewer where it ends before.
 * @returns what the program wants to know; something that structured clone copies.
 */
export type Examine = (
  file: { readonly path: BytePath; readonly size: number },
  read: (start: number, length: number) => Uint8Array,
) => unknown

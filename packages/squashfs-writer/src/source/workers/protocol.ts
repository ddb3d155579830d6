/** Protocol: the messages between the calling thread and the workers: jobs and their responses. */
import { type CodecRecipe, compressBound } from '../../codec/codec.js'
import type { Unreadable } from '../../errors.js'
import type { BaseBlock, BaseFragment, BaseFragmentPart } from '../../image/base-block.js'
import type { BytePath, ByteString } from '../../tree/byte-string.js'
import type { DirectoryOnDisk, FileNode, FileOnDisk, Identity, Xattr } from '../../tree/node.js'

/** Bytes of files in a buffer: many small files, or a part of a large one. A multiple of every block size. */
export const BUFFER_SIZE = 1_048_576
/** Size of a whole buffer, which has space for the encoded blocks after the files. The kernel allocates only the pages that are used. */
export const JOB_BUFFER_SIZE = BUFFER_SIZE + compressBound(BUFFER_SIZE)

/** The fields of an `lstat`, by their index in {@link StatBatch.numbers}. */
export const STAT_FIELD = {
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
export const STAT_FIELDS = 9

/** Milliseconds above which a metadata call is slow: the filesystem is then not local. */
export const SLOW_CALL = 0.3

/** The first message of a worker: its modules are loaded. */
export const READY = 'ready'

/** The reason why a path could not be read. The receiver knows the path. */
export type Failure = Omit<Unreadable, 'path'>

export function isFailure(response: unknown): response is Failure {
  return typeof response === 'object' && response !== null && 'code' in response
}

/** The status of some entries of a directory. Sparse fields are pairs of an index into `names` and a value. */
export interface StatBatch {
  readonly names: ByteString[]
  /** {@link STAT_FIELDS} numbers for each name. */
  readonly numbers: Float64Array
  readonly targets: (readonly [number, ByteString])[]
  /** Except those of files whose xattrs are read with their content, see {@link xattrsWithContent}. */
  readonly xattrs: (readonly [number, readonly Xattr[]])[]
  /** Of each regular file and directory; empty for other types. */
  readonly identities: Identity[]
  /** Inodes with several names. */
  readonly hardLinks: (readonly [number, string])[]
  readonly failures: (readonly [number, Failure])[]
}

/**
 * A field of a name, as a small integer if possible: V8 would box a number from a Float64Array, which takes 16 bytes and time in
 * each garbage collection.
 */
export function numberOf({ numbers }: StatBatch, n: number, field: number): number {
  const found = numbers[n * STAT_FIELDS + field]!
  const small = found | 0
  return small === found ? small : found
}

/** The value of a sparse field; undefined if there is none. */
export function sparseValue<T>(pairs: readonly (readonly [number, T])[], n: number): T | undefined {
  return pairs.length === 0 ? undefined : pairs.find(([index]) => index === n)?.[1]
}

/**
 * Whether the xattrs of a regular file are read with its content. A file that fits a buffer is opened only once, and an open file
 * needs no path lookup.
 */
export function xattrsWithContent(size: number): boolean {
  return size <= BUFFER_SIZE
}

/** A directory to list, or some names of a directory that is already listed. */
export interface DirectoryToList extends DirectoryOnDisk {
  /** The name '' is the directory itself. */
  readonly names: ByteString[] | null
}

/** Which xattrs are read: all, only the access ACL (the mode depends on it), or none. */
export type XattrsRead = 'all' | 'access-acl' | 'none'

/** Maximum number of names in a batch. The remaining names are returned without their status. */
export const NAMES_PER_BATCH = 128
/** Milliseconds after which a job ends, so that slow directories are distributed to several threads. */
export const STAT_TIME = 100

/** The place of a file, and the identity that it must have. */
export type FilePlace = Pick<FileOnDisk, 'directory' | 'name' | 'seen'>

/**
 * Ranges of files, in order. They are columns rather than objects: structured clone takes a microsecond for each property, and
 * 20,000 files would have nine properties each.
 */
export interface Ranges {
  /** For each range: the directory of its file, the descriptor of an open file, or null if the bytes are in the buffer. */
  readonly directories: (DirectoryOnDisk | number | null)[]
  readonly names: ByteString[]
  readonly seen: Identity[]
  /** {@link RANGE_NUMBERS} numbers for each range. */
  readonly numbers: number[]
  /** For some ranges: for each block, a block of the base that may have the same content. */
  readonly candidates: (readonly [number, CandidateBlocks])[]
}

/** A block of the base for each block of a range; null if there is none. */
export type CandidateBlocks = readonly (BaseBlock | null)[]

/** The data with which a worker can read the base. */
export interface BaseAccess {
  readonly descriptor: number
  /** The id of the compressor. */
  readonly compressor: number
}

/** The numbers of a range, by their index. */
export const RANGE = {
  /** Of the whole file. */
  size: 0,
  start: 1,
  length: 2,
  /** Offset of the bytes in the buffer. */
  at: 3,
  /** Bytes from the start of the range that are encoded as blocks. The rest is the tail. */
  inBlocks: 4,
  /** {@link RangeFlag}s. */
  flags: 5,
  /** The fragment block to which the tail goes, by its index among those of the job; -1 for none. */
  tailBlock: 6,
} as const
export const RANGE_NUMBERS = 7

export const RangeFlag = {
  /** Digest the range. */
  DIGEST: 1,
  /** Read the xattrs of the file. */
  XATTRS: 2,
  /** Examine the file. */
  EXAMINE: 4,
} as const

export function noRanges(): Ranges {
  return { directories: [], names: [], seen: [], numbers: [], candidates: [] }
}

/** A request for a range of a file. */
export interface RangeRequest {
  readonly start: number
  readonly length: number
  readonly at: number
  readonly inBlocks: number
  readonly flags: number
  readonly tailBlock?: number
  readonly candidate?: CandidateBlocks | null
}

/** Adds a range of a file. If its content is not on disk, the caller must write the bytes into the buffer. */
export function addRange(
  ranges: Ranges,
  { content, size }: Pick<FileNode, 'content' | 'size'>,
  request: RangeRequest,
): void {
  const { start, length, at, inBlocks, flags, tailBlock = -1, candidate } = request
  if (candidate) ranges.candidates.push([ranges.names.length, candidate])
  const onDisk = content.kind === 'disk'
  ranges.directories.push(onDisk ? content.directory : content.kind === 'range' ? content.descriptor : null)
  ranges.names.push(onDisk ? content.name : '')
  ranges.seen.push(onDisk ? content.seen : '')
  const from = content.kind === 'range' ? content.start + start : start
  const wanted = onDisk && content.xattrsWithContent ? flags : flags & ~RangeFlag.XATTRS
  ranges.numbers.push(size, from, length, at, inBlocks, wanted, tailBlock)
}

/** The whole file as a single range, for jobs that take one range. */
export function rangeOf(file: FileNode, flags = 0): Ranges {
  const ranges = noRanges()
  addRange(ranges, file, { start: 0, length: file.size, at: 0, inBlocks: 0, flags })
  return ranges
}

/** The results for ranges. Sparse fields are pairs of the index of a range and a value. */
export interface RangesRead {
  readonly failures: (readonly [number, Failure])[]
  readonly digests: (readonly [number, string])[]
  readonly xattrs: (readonly [number, readonly Xattr[]])[]
  readonly examined: (readonly [number, unknown])[]
  /**
   * The size words of all blocks, in the order of the ranges. The encoded blocks are in the buffer after the ranges. Those of a
   * range are adjacent.
   */
  readonly sizeWords: number[]
  /** Offset of the first encoded block of each range in the buffer. */
  readonly blocksAt: number[]
  /** {@link TAIL_BLOCK_NUMBERS} numbers for each fragment block of the job. */
  readonly tailBlocks: number[]
  /** Size of the blocks that were copied from the base. */
  takenFromBase: number
}

/** The numbers of a fragment block, by their index. */
export const TAIL_BLOCK = {
  /** How many tails it holds: all except those of unreadable files and of duplicates in the same job. */
  tails: 0,
  sizeWord: 1,
  /** Offset in the buffer. */
  at: 2,
} as const
export const TAIL_BLOCK_NUMBERS = 3

/** Bytes in shared memory. */
export interface SharedPart {
  readonly buffer: SharedArrayBuffer
  readonly start: number
  readonly length: number
}

export interface Jobs {
  /** Lists directories and reads the status of their entries. Stops after {@link STAT_TIME}, but handles at least one name. */
  stat: {
    request: { directories: DirectoryToList[]; xattrs: XattrsRead }
    response: ((StatBatch & { rest: ByteString[] }) | Failure)[]
  }
  /** Reads ranges of files into a buffer, digests them, and encodes their blocks in place. */
  read: {
    request: { ranges: Ranges; buffer: SharedArrayBuffer; base?: BaseAccess | null }
    response: RangesRead
  }
  /** Encodes a single block from one or several parts. */
  encode: {
    request: {
      parts: readonly (SharedPart | Uint8Array | BaseFragmentPart)[]
      uncompressed: boolean
      base?: BaseAccess | null
      /** A block of the base that may have the same content. */
      candidate?: BaseFragment | null
    }
    response: { readonly data: Uint8Array; readonly sizeWord: number; readonly takenFromBase?: true }
  }
  /** Digests a whole file, and may examine it, too. */
  digest: {
    request: { ranges: Ranges }
    response: Failure | { readonly digest: string; readonly examined: unknown }
  }
  /** Finds the parts of a file that have data: [start, end, ...]. */
  extents: { request: { ranges: Ranges }; response: Failure | number[] }
  /** Opens files and examines them, without reading them completely. */
  examine: { request: { ranges: Ranges }; response: ({ readonly found: unknown } | Failure)[] }
  /** Checks adjacent blocks of the base. Returns the indices of those whose checksums do not match. */
  'check-base': {
    request: { base: BaseAccess; position: number; sizes: readonly number[]; checksums: readonly number[] }
    response: number[]
  }
  /** Encodes the content of blocks of the base again. Returns whether the result is the same blocks. */
  'try-base': { request: { base: BaseAccess; blocks: readonly BaseBlock[] }; response: boolean }
}
export type JobName = keyof Jobs

export type JobMessage = { [N in JobName]: { id: number; name: N; request: Jobs[N]['request'] } }[JobName]

/** The message with the response to a job. */
export interface ResponseMessage {
  readonly id: number
  readonly response?: unknown
  /** The error of the job, if it failed as a whole. */
  readonly error?: unknown
  /** Instead of a CodecError, which cannot be cloned: the codec that does not run on this machine, and the reason. */
  readonly missingCodec?: { readonly codec: string; readonly reason: unknown }
  /** The number of metadata calls, and of the slow ones. */
  readonly calls: number
  readonly slowCalls: number
}

/** The settings of an executor, as plain data. */
export interface ExecutorSetup {
  /** In bytes, a power of two. */
  readonly blockSize: number
  /** null if only the calling thread encodes blocks, or nothing is encoded. */
  readonly codec: CodecRecipe | null
  /** Whether data blocks are left uncompressed. */
  readonly uncompressedData: boolean
  /** Whether fragment blocks are left uncompressed. */
  readonly uncompressedTails: boolean
  /** The shared counter of `permits.ts`, which limits the threads that compress. */
  readonly permits: SharedArrayBuffer
  /** The examiner: the URL of a module whose default export is an {@link Examine}; null for none. */
  readonly examiner: string | null
}

/**
 * Examines a file while it is open.
 * @param file its path relative to the packed directory, and its size.
 * @param read reads a range of the file, fewer bytes if the file ends before.
 * @returns the result. The structured clone algorithm must be able to copy it.
 */
export type Examine = (
  file: { readonly path: BytePath; readonly size: number },
  read: (start: number, length: number) => Uint8Array,
) => unknown

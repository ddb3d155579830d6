/** Jobs: what worker threads do for the main thread. All that touches the source's filesystem is one of these. */
import type { Unreadable } from '../errors.js'
import type { ByteString } from '../tree/byte-string.js'
import type { FileNode, FileOnDisk, FolderOnDisk, Identity, Xattr } from '../tree/node.js'
import { BUFFER_SIZE } from './buffer-pool.js'

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

/** What a thread says first: its modules are loaded. */
export const UP = 'up'

/** Why something could not be read; whoever has it knows its path. */
export type Failure = Omit<Unreadable, 'path'>

export function isFailure(answer: object | string | null): answer is Failure {
  return typeof answer === 'object' && answer !== null && 'code' in answer
}

/** What was found out about some names of a directory. Sparse things are pairs of an index into `names` and a value. */
export interface Facts {
  readonly names: ByteString[]
  /** {@link FACTS} numbers for each name. */
  readonly numbers: Float64Array
  readonly targets: (readonly [number, ByteString])[]
  /** Of all but those that {@link bringsXattrs}. */
  readonly xattrs: (readonly [number, readonly Xattr[]])[]
  /** Of each regular file and folder; empty for the rest. */
  readonly identities: Identity[]
  /** Inodes with several names. */
  readonly hardLinks: (readonly [number, string])[]
  readonly failures: (readonly [number, Failure])[]
}

/** What sparse facts say of a name; undefined where they say nothing. */
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

export type PlaceOnDisk = Pick<FileOnDisk, 'folder' | 'name' | 'seen'>

/** A range of a file to be read into a buffer. */
export interface ReadItem {
  /** Where the file is and what it must be; or the descriptor of one that is open already. */
  readonly from: PlaceOnDisk | number
  readonly size: number
  readonly start: number
  readonly length: number
  /** Where in the buffer the bytes go. */
  readonly at: number
  /** Whether a digest of the range is wanted. */
  readonly digest: boolean
  /** Whether the file's xattrs are wanted. */
  readonly xattrs: boolean
}

/** A folder whose names are asked for; or, of one that was listed already, some of its names. */
export interface Folder extends FolderOnDisk {
  /** The name '' stands for the folder itself. */
  readonly names: ByteString[] | null
}

/** Which xattrs are read: all, the access ACL alone (the mode depends on it), or none. */
export type XattrsRead = 'all' | 'access-acl' | 'none'

/** Names about which there are facts in one go; the rest is given back as names. */
export const NAMES_PER_LOOK = 128
/** Milliseconds after which a look ends with the folder that it is at, so that slow folders are shared out. */
export const LOOK_TIME = 25

/**
 * The item for a range of a file that workers read.
 * @param xattrs whether those that the file brings are wanted.
 */
export function itemOf(
  file: FileNode,
  start: number,
  length: number,
  at: number,
  digest: boolean,
  xattrs = true,
): ReadItem {
  const { content, size } = file
  if (content.kind === 'disk')
    return { from: content, size, start, length, at, digest, xattrs: xattrs && content.bringsXattrs }
  if (content.kind === 'range') {
    const from = content.descriptor
    return { from, size, start: content.start + start, length, at, digest, xattrs: false }
  }
  throw new TypeError(`content of kind ${content.kind} is not read by workers`)
}

export interface Jobs {
  /** Facts about what is in folders: of the first ones, as far as {@link LOOK_TIME} goes, and at least of one. */
  look: {
    ask: { folders: Folder[]; xattrs: XattrsRead }
    answer: ((Facts & { rest: ByteString[] }) | Failure)[]
  }
  /** Ranges of files into a buffer, which moves to the worker and back; for each a failure, or a digest where wanted. */
  read: {
    ask: { items: readonly ReadItem[]; buffer: ArrayBuffer }
    answer: {
      found: (Failure | string | null)[]
      /** Where wanted: pairs of an index into `items` and what the file has. */
      xattrs: (readonly [number, readonly Xattr[]])[]
      buffer: ArrayBuffer
    }
  }
  /** The digest of a whole file. */
  digest: { ask: { item: ReadItem }; answer: Failure | string }
  /** Where a file has data: [start, end, ...]. */
  extents: { ask: { item: ReadItem }; answer: Failure | number[] }
}
export type JobName = keyof Jobs

export type JobMessage = { [N in JobName]: { id: number; name: N; ask: Jobs[N]['ask'] } }[JobName]

/** An answer on its way back. */
export interface AnswerMessage {
  readonly id: number
  readonly answer?: unknown
  /** What the job as a whole failed with. */
  readonly failure?: Failure
  /** Metadata calls that the job made, and how many of them were slow. */
  readonly calls: number
  readonly slowCalls: number
}

/** A job as it is sent to a thread: what is sent is copied piece by piece, and pieces cost. */
export type SentJob = Exclude<JobMessage, { name: 'read' }> | SentRead

interface SentRead {
  readonly id: number
  readonly name: 'sent read'
  /** Of each item: folder, name and identity, or the descriptor. */
  readonly folders: readonly (FolderOnDisk | number)[]
  readonly names: readonly ByteString[]
  readonly seen: readonly Identity[]
  readonly numbers: Float64Array
  readonly buffer: ArrayBuffer
}

const NUMBERS = 6

export function toSend(job: JobMessage): SentJob {
  if (job.name !== 'read') return job
  const { items, buffer } = job.ask
  const numbers = new Float64Array(items.length * NUMBERS)
  for (const [n, { size, start, length, at, digest, xattrs }] of items.entries())
    numbers.set([size, start, length, at, Number(digest), Number(xattrs)], n * NUMBERS)
  const places = items.map(({ from }) =>
    typeof from === 'number' ? { folder: from, name: '', seen: '' } : from,
  )
  return {
    id: job.id,
    name: 'sent read',
    folders: places.map(({ folder }) => folder),
    names: places.map(({ name }) => name),
    seen: places.map(({ seen }) => seen),
    numbers,
    buffer,
  }
}

export function fromSent(sent: SentJob): JobMessage {
  if (sent.name !== 'sent read') return sent
  const { id, folders, names, seen, numbers, buffer } = sent
  const items = folders.map((folder, n) => {
    const number = (field: number) => numbers[n * NUMBERS + field]!
    const [size, start, length, at] = [number(0), number(1), number(2), number(3)]
    const from = typeof folder === 'number' ? folder : { folder, name: names[n]!, seen: seen[n]! }
    return { from, size, start, length, at, digest: number(4) === 1, xattrs: number(5) === 1 }
  })
  return { id, name: 'read', ask: { items, buffer } }
}

/** Settings: checks and completes a program's options once, before anything is read. */
import type { BaseOption } from './base/open-base.js'
import type { Codec } from './codec/codec.js'
import { zstd } from './codec/zstd.js'
import type { BeforeReplace } from './destination/file.js'
import { OptionError } from './errors.js'
import { MAX_BLOCK_SIZE, MAX_TIME, MIN_BLOCK_SIZE } from './format/limits.js'
import type { ImageSettings, Progress, StoredFile, UncompressedPart } from './image/write-tree.js'
import {
  arrayOf,
  callback,
  checkValue,
  either,
  fields,
  flag,
  integer,
  type OptionRule,
  oneOf,
  patterns,
  text,
} from './option-rules.js'
import { ENTRIES } from './overlay.js'
import type { Examine, XattrsRead } from './source/workers/protocol.js'
import { usableCores } from './source/workers/usable-cores.js'
import { type ByteString, type TextPath, toByteString } from './tree/byte-string.js'
import type { FoundFile } from './tree/found-entry.js'
import { compileNamePatterns } from './tree/patterns.js'
import type { Rules } from './tree/rules.js'

/** The options of an image besides its entries. Each has a default. */
export interface ImageOptions {
  /** How blocks are compressed; `zstd()` if absent. */
  readonly codec?: Codec
  /** Bytes of a data block: a power of two from 4,096 to 1,048,576; 131,072 if absent. */
  readonly blockSize?: number
  /**
   * The tails that are packed into shared blocks: of files below the block size ('small-files', the default), of all files
   * ('always'), or of none ('never').
   */
  readonly fragments?: 'small-files' | 'always' | 'never'
  /** Whether files of equal content are stored once; true if absent. */
  readonly deduplicate?: boolean
  /** Whether there is an export table, which NFS needs; true if absent. */
  readonly exportable?: boolean
  /** Parts that are left uncompressed; none if absent. */
  readonly uncompressed?: readonly UncompressedPart[]
  /** The image's size is filled up to a multiple of so many bytes; 4,096 if absent, which loop devices want; 1 for none. */
  readonly padding?: number
  /** Bytes before the image in its destination; 0 if absent. */
  readonly offset?: number
  /** Whether a file at the destination is replaced; true if absent. */
  readonly replace?: boolean
  /**
   * Called when the image is complete and a file is about to be replaced by it, with that file's path, symlinks
   * followed: the moment to give the old image another name (`link`, not `rename`: the new one takes this one). If it
   * throws, the work stops and the file stays.
   */
  readonly beforeReplace?: (path: string) => void | Promise<void>
  /** When the image was made, in seconds since 1970; `SOURCE_DATE_EPOCH` if absent, or else the tree's newest mtime. */
  readonly createdAt?: number
  /** The owner of all entries; 'keep' if absent. An id that is not given is kept. */
  readonly owner?: 'keep' | 'root' | { readonly uid?: number; readonly gid?: number }
  /** mtimes: 'keep' (if absent; those later than `SOURCE_DATE_EPOCH` become it), or all at this second. */
  readonly mtime?: 'keep' | number
  /** Permission bits of the root directory; its own if absent. */
  readonly rootMode?: number
  /**
   * Extended attributes: 'keep' (if absent), 'none', or by patterns over full names in which `*` stands for any
   * characters. Xattrs that the format cannot hold, and Lustre's own, are never kept.
   */
  readonly xattrs?:
    | 'keep'
    | 'none'
    | { readonly include?: string | readonly string[]; readonly exclude?: string | readonly string[] }
  /**
   * An older image, usually the one that is replaced: blocks of files that are the same are taken over as they are, and not
   * compressed again. The image is the same, byte for byte, as without it. One that is missing, damaged or of another kind is no
   * error: the result says how far it was used.
   */
  readonly base?: {
    readonly path: string | Uint8Array
    /** The record of its packing: files that are certainly the same are then not even read. Without it all are compared. */
    readonly record?: Uint8Array
  }
  /** What happens when something cannot be read: 'fail' (if absent), or 'omit', which leaves it out and lists it. */
  readonly unreadable?: 'fail' | 'omit'
  /**
   * Has files examined while they are read to be packed, so that none is opened twice. Examination does not change the
   * image.
   */
  readonly examination?: {
    readonly examiner: Examiner
    /**
     * The examiner's version: another one whenever its answers may differ. With it, answers are part of the record, as JSON, and
     * of a file that is taken over from a base they are not asked for again.
     */
    readonly version?: string
    /** Which files are examined: some of those of a directory that is packed. Iterated once these are known. */
    readonly files: Iterable<FoundFile> | AsyncIterable<FoundFile>
  }
  /**
   * Called when all contents are read, before the image is completed, with what the examiner returned of each file. What it
   * throws stops the work, and nothing is left behind.
   *
   * A function and no value, since its judgement must come between the last content and the superblock: a result would come
   * when the image is there already, and to examine beforehand every file would have to be opened twice.
   */
  readonly beforeTables?: (examined: ReadonlyMap<FoundFile, unknown>) => void | Promise<void>
  /** Whether the result has a record of this packing, for when the image is a base; false if absent. */
  readonly record?: boolean
  /** Threads that compress, at least 1; as many as the process may use if absent. The image does not depend on it. */
  readonly threads?: number
  /** Stops the work; the promise is rejected with the signal's reason, and nothing is left behind. */
  readonly signal?: AbortSignal
  /** Called often, with the progress of the work. If it throws, the work stops. */
  readonly onProgress?: (progress: Progress) => void
  /** Called for each file, with its bytes in the image, when all contents are written. If it throws, the work stops. */
  readonly onStored?: (file: StoredFile) => void
}

/**
 * The URL of a module whose default export is an {@link Examine}: called for each file that is wanted, while the file is
 * open, in the thread that has it. A URL, since it is loaded by several threads.
 */
export type Examiner = string

/** What an examiner is. */
export const moduleUrl: OptionRule = {
  mustBe: 'the URL of a module',
  isValid: (value) => typeof value === 'string' && URL.canParse(value),
}

/** The possible values of each option. */
export const IMAGE_OPTIONS = {
  codec: {
    mustBe: 'a codec, such as zstd() or gzip()',
    isValid: (value) =>
      isObject(value) &&
      typeof value.name === 'string' &&
      Number.isInteger(value.id) &&
      typeof value.compress === 'function',
  },
  blockSize: {
    mustBe: `a power of two from ${MIN_BLOCK_SIZE} to ${MAX_BLOCK_SIZE} bytes`,
    isValid: (value) =>
      integer(MIN_BLOCK_SIZE, MAX_BLOCK_SIZE).isValid(value) && Number.isInteger(Math.log2(value as number)),
  },
  fragments: oneOf('small-files', 'always', 'never'),
  deduplicate: flag,
  exportable: flag,
  uncompressed: arrayOf('inodes', 'data', 'fragments', 'xattrs', 'ids'),
  padding: integer(1, 2 ** 30),
  offset: integer(0, 2 ** 52),
  replace: flag,
  beforeReplace: callback,
  createdAt: integer(0, MAX_TIME),
  owner: either(
    oneOf('keep', 'root'),
    fields({ uid: integer(0, 0xffff_ffff), gid: integer(0, 0xffff_ffff) }),
  ),
  mtime: either(oneOf('keep'), integer(0, MAX_TIME)),
  rootMode: integer(0, 0o7777),
  xattrs: either(oneOf('keep', 'none'), fields({ include: patterns, exclude: patterns })),
  base: {
    mustBe: 'an object with path (a path) and record (bytes)',
    isValid: (value) =>
      isObject(value) &&
      DIRECTORY.isValid(value.path) &&
      (value.record === undefined || value.record instanceof Uint8Array) &&
      Object.keys(value).every((name) => name === 'path' || name === 'record'),
  },
  unreadable: oneOf('fail', 'omit'),
  examination: fields({ examiner: moduleUrl, version: text, files: ENTRIES }),
  beforeTables: callback,
  record: flag,
  threads: integer(1, 4096),
  signal: {
    mustBe: 'an AbortSignal',
    isValid: (value) => isObject(value) && 'aborted' in value && typeof value.addEventListener === 'function',
  },
  onProgress: callback,
  onStored: callback,
} satisfies Record<keyof ImageOptions, OptionRule>

const DESTINATION: OptionRule = {
  mustBe: "a file's path, or a sink with a function write",
  isValid: (value) =>
    (typeof value === 'string' && value !== '' && !value.includes('\0')) ||
    (isObject(value) && typeof value.write === 'function'),
}

const DIRECTORY: OptionRule = {
  mustBe: 'a path, text or bytes, of at least one byte and without NUL',
  isValid: (value) =>
    (typeof value === 'string' || value instanceof Uint8Array) &&
    value.length > 0 &&
    !toByteString(value).includes('\0'),
}

/** @throws OptionError for a value that is neither a path nor a sink. */
export function checkDestination(destination: unknown): void {
  checkValue('destination', destination, DESTINATION)
}

/**
 * A path that a program gave.
 * @throws OptionError for a value that is none.
 */
export function sourcePath(path: TextPath | Uint8Array): ByteString {
  checkValue('directory', path, DIRECTORY)
  const bytes = toByteString(path)
  return bytes.length > 1 ? bytes.replace(/\/+$/, '') || '/' : bytes
}

type Environment = Readonly<Record<string, string | undefined>>

/** Options, decided. */
export interface Settings {
  readonly image: ImageSettings
  readonly rules: Rules
  readonly rootMode: number | null
  readonly replace: boolean
  readonly beforeReplace: BeforeReplace
  readonly xattrsRead: XattrsRead
  readonly base: BaseOption | null
  readonly record: boolean
  /** Threads that compress. */
  readonly threads: number
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
  readonly onStored: ((file: StoredFile) => void) | null
}

/** What can be done about what cannot be read. */
export const UNREADABLE_REMEDY = "make them readable, leave them out, or set unreadable: 'omit'"

/**
 * Completes options that were checked by {@link checkOptions}.
 * @param environment where `SOURCE_DATE_EPOCH` is looked for.
 * @throws OptionError for a `SOURCE_DATE_EPOCH` that is no time.
 */
export function resolveOptions(options: ImageOptions, environment: Environment = process.env): Settings {
  const threads = options.threads ?? usableCores()
  const epoch = sourceDateEpoch(environment)
  const mtime = options.mtime ?? 'keep'
  return {
    image: {
      codec: options.codec ?? zstd(),
      blockSize: options.blockSize ?? 131_072,
      fragments: options.fragments ?? 'small-files',
      deduplicate: options.deduplicate ?? true,
      exportable: options.exportable ?? true,
      uncompressed: new Set(options.uncompressed ?? []),
      padding: options.padding ?? 4096,
      offset: options.offset ?? 0,
      createdAt: options.createdAt ?? epoch,
      unreadable: options.unreadable ?? 'fail',
      unreadableRemedy: UNREADABLE_REMEDY,
      maxPendingBlocks: 8 + 8 * threads,
    },
    rules: {
      ...owners(options.owner ?? 'keep'),
      time: mtime === 'keep' ? null : mtime,
      latestTime: epoch,
      wantsXattr: xattrTest(options.xattrs ?? 'keep'),
    },
    rootMode: options.rootMode ?? null,
    replace: options.replace ?? true,
    beforeReplace: options.beforeReplace ?? (() => {}),
    xattrsRead: options.xattrs === 'none' ? 'access-acl' : 'all',
    base: options.base
      ? { path: toByteString(options.base.path), record: options.base.record ?? null }
      : null,
    record: options.record ?? false,
    threads,
    signal: options.signal ?? new AbortController().signal,
    onProgress: options.onProgress ?? (() => {}),
    onStored: options.onStored ?? null,
  }
}

/**
 * The time that SOURCE_DATE_EPOCH gives, in seconds since 1970; null where it is not set.
 * https://reproducible-builds.org/specs/source-date-epoch/
 * @throws OptionError for a text that is no time an image can have.
 */
export function sourceDateEpoch(environment: Environment): number | null {
  const text = environment.SOURCE_DATE_EPOCH
  if (text === undefined || text === '') return null
  const seconds = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (seconds >= 0 && seconds <= MAX_TIME) return seconds
  throw new OptionError('SOURCE_DATE_EPOCH', text, `a number of seconds from 0 to ${MAX_TIME}`)
}

function owners(owner: NonNullable<ImageOptions['owner']>): Pick<Rules, 'uid' | 'gid'> {
  if (owner === 'keep') return { uid: null, gid: null }
  if (owner === 'root') return { uid: 0, gid: 0 }
  return { uid: owner.uid ?? null, gid: owner.gid ?? null }
}

function xattrTest(xattrs: NonNullable<ImageOptions['xattrs']>): Rules['wantsXattr'] {
  if (xattrs === 'keep') return () => true
  if (xattrs === 'none') return () => false
  const include = compileNamePatterns(xattrs.include)
  const exclude = compileNamePatterns(xattrs.exclude)
  return (name) => (include?.(name) ?? true) && !exclude?.(name)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

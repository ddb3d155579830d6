/** Options: checks the options of an image and fills in the defaults, once, before anything is read. */
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

/** The options of an image. Each has a default. */
export interface ImageOptions {
  /** The codec that compresses blocks; `zstd()` if absent. */
  readonly codec?: Codec
  /** Bytes of a data block: a power of two from 4,096 to 1,048,576; 131,072 if absent. */
  readonly blockSize?: number
  /**
   * Which tails are packed into shared blocks: those of files smaller than a block ('small-files', the default), of all files
   * ('always'), or of none ('never').
   */
  readonly fragments?: 'small-files' | 'always' | 'never'
  /** Whether equal contents are written once; true if absent. */
  readonly deduplicate?: boolean
  /** Whether the image has an export table, which NFS needs; true if absent. */
  readonly exportable?: boolean
  /** Parts that are left uncompressed; none if absent. */
  readonly uncompressed?: readonly UncompressedPart[]
  /** The image is padded to a multiple of this number of bytes; 4,096 if absent, which loop devices need; 1 for no padding. */
  readonly padding?: number
  /** Bytes before the image in its destination; 0 if absent. */
  readonly offset?: number
  /** Whether an existing file at the destination is replaced; true if absent. */
  readonly replace?: boolean
  /**
   * Called when the image is complete, before it replaces an existing file, with the path of that file after symlinks were
   * followed. It can give the old image another name by `link` (not `rename`, since the new image takes this name). If it
   * throws, the work stops and the file stays.
   */
  readonly beforeReplace?: (path: string) => void | Promise<void>
  /** The time in the superblock, in seconds since 1970. If absent, `SOURCE_DATE_EPOCH`, or else the newest mtime of the tree. */
  readonly createdAt?: number
  /** The owner of all entries; 'keep' if absent. An id that is not given is kept. */
  readonly owner?: 'keep' | 'root' | { readonly uid?: number; readonly gid?: number }
  /** The mtime of all entries, in seconds since 1970, or 'keep' (the default). With 'keep', mtimes after `SOURCE_DATE_EPOCH` are clamped to it. */
  readonly mtime?: 'keep' | number
  /** Permission bits of the root directory; unchanged if absent. */
  readonly rootMode?: number
  /**
   * Extended attributes: 'keep' (the default), 'none', or patterns for full names, in which `*` matches any characters. Xattrs
   * that squashfs cannot hold, and Lustre's own, are never kept.
   */
  readonly xattrs?:
    | 'keep'
    | 'none'
    | { readonly include?: string | readonly string[]; readonly exclude?: string | readonly string[] }
  /**
   * An older image, usually the one that is replaced. Blocks of unchanged files are copied from it rather than compressed again.
   * The new image is the same, byte for byte, as without a base. A base that is missing, damaged or has other settings is not an
   * error: the result says how far it was used.
   */
  readonly base?: {
    readonly path: string | Uint8Array
    /** The record from packing the base. With it, files that are certainly unchanged are not read. Without it, all files are compared. */
    readonly record?: Uint8Array
  }
  /** What to do about unreadable paths: 'fail' (the default), or 'omit', which leaves them out and lists them in the result. */
  readonly unreadable?: 'fail' | 'omit'
  /**
   * Files to examine while they are packed, so that they are opened only once. The examination does not change the image.
   */
  readonly examination?: {
    readonly examiner: Examiner
    /**
     * The version of the examiner, which must change whenever its results may differ. With a version, the results are saved in
     * the record, as JSON. They are then reused for a file that is copied from a base.
     */
    readonly version?: string
    /** The files to examine, among those of the packed directory. Iterated after the scan. */
    readonly files: Iterable<FoundFile> | AsyncIterable<FoundFile>
  }
  /**
   * Called when all contents are read, before the image is completed, with the results of the examiner. If it throws, the work
   * stops and no image is left.
   *
   * It is a callback since it can prevent the image: `writeImage` returns when the image is already complete, and to examine
   * the files before packing, each would have to be opened twice.
   */
  readonly beforeTables?: (examined: ReadonlyMap<FoundFile, unknown>) => void | Promise<void>
  /** Whether the result has a record, for a later packing with this image as its base; false if absent. */
  readonly record?: boolean
  /** Number of threads that compress, at least 1. If absent, as many as the process may use. The image does not depend on it. */
  readonly threads?: number
  /** Aborts the work. The promise is then rejected with the reason of the signal, and no file is left. */
  readonly signal?: AbortSignal
  /** Called often with the progress of the work. If it throws, the work stops. */
  readonly onProgress?: (progress: Progress) => void
  /** Called for each file with its bytes in the image, when all contents are written. If it throws, the work stops. */
  readonly onStored?: (file: StoredFile) => void
}

/**
 * The URL of a module whose default export is an {@link Examine} function. The function is called for each file to examine, while
 * the file is open, in the thread that opened it. It is a URL since several threads load the module.
 */
export type Examiner = string

export const moduleUrl: OptionRule = {
  mustBe: 'the URL of a module',
  isValid: (value) => typeof value === 'string' && URL.canParse(value),
}

/** The valid values of each option. */
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
 * Converts the path of a directory to bytes, without trailing slashes.
 * @throws OptionError for a value that is not a path.
 */
export function sourcePath(path: TextPath | Uint8Array): ByteString {
  checkValue('directory', path, DIRECTORY)
  const bytes = toByteString(path)
  return bytes.length > 1 ? bytes.replace(/\/+$/, '') || '/' : bytes
}

type Environment = Readonly<Record<string, string | undefined>>

/** The options with all defaults filled in. */
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

/** What a user can do about unreadable paths. */
export const UNREADABLE_REMEDY = "make them readable, leave them out, or set unreadable: 'omit'"

/**
 * Fills in the defaults of options that {@link checkOptions} has checked.
 * @param environment may have `SOURCE_DATE_EPOCH`.
 * @throws OptionError if `SOURCE_DATE_EPOCH` is not a valid time.
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
 * The time in SOURCE_DATE_EPOCH, in seconds since 1970; null if it is not set.
 * https://reproducible-builds.org/specs/source-date-epoch/
 * @throws OptionError if it is not a time that an image can have.
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

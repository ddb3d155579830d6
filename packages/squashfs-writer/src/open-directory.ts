/** Open directory: checks the options and opens a directory on disk. */
import type { Progress } from './image/write-tree.js'
import { callback, checkOptions, flag, type OptionRule, patterns } from './option-rules.js'
import type { Examiner } from './options.js'
import { IMAGE_OPTIONS, moduleUrl, sourcePath } from './options.js'
import { DirectoryHandle, type OpenDirectory } from './source/open-directory.js'
import { sourceDirectory } from './source/source-directory.js'
import type { TextPath } from './tree/byte-string.js'
import { compilePatterns } from './tree/patterns.js'
import { untilAborted } from './until-aborted.js'

/** The options that select the entries of a directory. */
export interface DirectoryChoice {
  /**
   * Glob patterns. Only matching paths are entries, and the directories above them. A pattern without a slash matches names at
   * any depth, a pattern with a slash matches whole paths relative to the directory.
   */
  readonly include?: string | readonly string[]
  /** Glob patterns. Matching paths are left out, with everything below them. */
  readonly exclude?: string | readonly string[]
  /** Whether directories on other filesystems are treated as empty; false if absent. */
  readonly oneFileSystem?: boolean
}

export interface DirectoryOptions extends DirectoryChoice {
  /**
   * Whether xattrs are read; true if absent. If false, access ACLs are not read either, and `writeImage` uses the permission bits
   * unchanged. Use false for a directory that is inspected and not packed.
   */
  readonly readXattrs?: boolean
  /** The examiner that `examine` calls, see {@link Examiner}. */
  readonly examiner?: Examiner
  /** Aborts all work of the handle. Its promises are then rejected with the reason of the signal. */
  readonly signal?: AbortSignal
  /** Called often with the progress of the scan, unless `writeImage` does the scan. If it throws, the scan stops. */
  readonly onProgress?: (progress: Progress) => void
}

/** The valid values of each option. */
export const DIRECTORY_CHOICE = {
  include: patterns,
  exclude: patterns,
  oneFileSystem: flag,
} satisfies Record<keyof DirectoryChoice, OptionRule>

const DIRECTORY_OPTIONS = {
  ...DIRECTORY_CHOICE,
  readXattrs: flag,
  examiner: moduleUrl,
  signal: IMAGE_OPTIONS.signal,
  onProgress: callback,
} satisfies Record<keyof DirectoryOptions, OptionRule>

/**
 * Opens a directory on disk. The handle has its entries, and reads ranges of its files. Nothing is read before it is needed.
 *
 * @param path of the directory. A symlink to a directory is followed.
 * @returns a handle. Close it, or declare it with `await using`.
 * @throws OptionError; UnreadableError if the path does not exist or is not a directory; the reason of the signal if aborted.
 * @example
 * const directory = await openDirectory('.venv', { exclude: ['*.a'] })
 * await writeImage(overlay(directory.entries, [{ type: 'file', path: 'VERSION', content: '1.2.3\n' }]), 'venv.squashfs')
 * await directory.close()
 */
export async function openDirectory(
  path: TextPath | Uint8Array,
  options: DirectoryOptions = {},
): Promise<OpenDirectory> {
  return await directoryHandle(path, options)
}

export async function directoryHandle(
  path: TextPath | Uint8Array,
  options: DirectoryOptions,
): Promise<DirectoryHandle> {
  checkOptions(options, DIRECTORY_OPTIONS)
  const sourceBytes = sourcePath(path)
  const choice = {
    include: compilePatterns('include', options.include),
    exclude: compilePatterns('exclude', options.exclude),
    oneFileSystem: options.oneFileSystem ?? false,
  }
  const signal = options.signal ?? new AbortController().signal
  signal.throwIfAborted()
  const source = await untilAborted(signal, sourceDirectory(sourceBytes))
  return new DirectoryHandle(source, {
    ...choice,
    readsXattrs: options.readXattrs ?? true,
    examiner: options.examiner ?? null,
    control: { signal, onProgress: options.onProgress ?? (() => {}) },
  })
}

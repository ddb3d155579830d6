/** Opens a directory: the options of a program, checked, and the handle that it is given. */

import type { Progress } from './image/write-tree.js'
import { callback, checkOptions, flag, type OptionRule, patterns } from './option-rules.js'
import type { Examiner } from './options.js'
import { IMAGE_OPTIONS, moduleUrl, sourcePath } from './options.js'
import { DirectoryHandle, type OpenDirectory } from './source/open-directory.js'
import { sourceDirectory } from './source/source-directory.js'
import type { TextPath } from './tree/byte-string.js'
import { compilePatterns } from './tree/patterns.js'
import { untilAborted } from './until-aborted.js'

/** What of a directory counts. */
export interface DirectoryChoice {
  /**
   * Glob patterns: only what matches is an entry, with the directories above it. A pattern without a slash matches names at
   * any depth, one with a slash whole paths from the directory on.
   */
  readonly include?: string | readonly string[]
  /** Glob patterns: what matches is left out, with all that lies below it. */
  readonly exclude?: string | readonly string[]
  /** Whether directories on other filesystems are taken as empty; false if absent. */
  readonly oneFileSystem?: boolean
}

export interface DirectoryOptions extends DirectoryChoice {
  /**
   * Whether xattrs are read; true if absent. Without, an access ACL is not read either, and `writeImage` takes the permission
   * bits as they are: for directories that are looked at, and not packed.
   */
  readonly readXattrs?: boolean
  /** What looks at files that `examine` is given: see {@link Examiner}. */
  readonly examiner?: Examiner
  /** Stops what the handle does; its promises are then rejected with the signal's reason. */
  readonly signal?: AbortSignal
  /** Told how far the scan is, often, where `writeImage` does not have it done. What it throws stops the work. */
  readonly onProgress?: (progress: Progress) => void
}

/** What each option may be. */
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
 * Opens a directory on disk: its entries, and reads of ranges of its files. Nothing is read before it is asked for.
 *
 * @param path a symlink to a directory is followed.
 * @returns a handle. Close it, or declare it with `await using`.
 * @throws OptionError; UnreadableError when the directory is not there, or is none; the signal's reason when aborted.
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
  const given = sourcePath(path)
  const choice = {
    include: compilePatterns('include', options.include),
    exclude: compilePatterns('exclude', options.exclude),
    oneFileSystem: options.oneFileSystem ?? false,
  }
  const signal = options.signal ?? new AbortController().signal
  signal.throwIfAborted()
  const source = await untilAborted(signal, sourceDirectory(given))
  return new DirectoryHandle(source, {
    ...choice,
    readsXattrs: options.readXattrs ?? true,
    examiner: options.examiner ?? null,
    control: { signal, onProgress: options.onProgress ?? (() => {}) },
  })
}

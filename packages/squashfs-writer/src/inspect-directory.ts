/** Inspect directory: a look through a directory alone, by a program that may pack it later, or not. */

import type { Progress } from './image/write-tree.js'
import { callback, checkOptions, checkValue, flag, type OptionRule, patterns } from './option-rules.js'
import { IMAGE_OPTIONS, settle, sourcePath } from './options.js'
import { type DirectoryLook, lookAt } from './source/directory-look.js'
import { type ScanOptions, scan } from './source/scan.js'
import { DIRECTORY_REMEDY, sourceDirectory } from './source/source-directory.js'
import { withPool } from './source/workers/pool.js'
import type { TextPath } from './tree/byte-string.js'
import { compilePatterns } from './tree/patterns.js'
import { applyRules } from './tree/rules.js'
import { untilAborted } from './until-aborted.js'

/** What of a directory is looked at. */
export interface LookOptions {
  /**
   * Glob patterns: only what matches is packed, with the directories above it. A pattern without a slash matches names at
   * any depth, one with a slash whole paths from the directory on.
   */
  readonly include?: string | readonly string[]
  /** Glob patterns: what matches is left out, with all that lies below it. */
  readonly exclude?: string | readonly string[]
  /** Whether directories on other filesystems are packed empty; false if absent. */
  readonly oneFileSystem?: boolean
}

export interface InspectOptions extends LookOptions {
  /** Stops the work; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal
  /** Told how far the scan is, often. What it throws stops the work. */
  readonly onProgress?: (progress: Progress) => void
  /** What looks at files that `inspect` has examined: see {@link Examiner}. */
  readonly examiner?: Examiner
}

/**
 * The URL of a module whose default export is an {@link Examine}: called for each file that is wanted, while the file is
 * open, in the thread that has it. A URL, since it is loaded by several threads.
 */
export type Examiner = string

/** What each option may be. */
export const LOOK_OPTIONS = {
  include: patterns,
  exclude: patterns,
  oneFileSystem: flag,
} satisfies Record<keyof LookOptions, OptionRule>

/** What an examiner is. */
export const moduleUrl: OptionRule = {
  mustBe: 'the URL of a module',
  isValid: (value) => typeof value === 'string' && URL.canParse(value),
}

const INSPECT_OPTIONS = {
  ...LOOK_OPTIONS,
  signal: IMAGE_OPTIONS.signal,
  onProgress: IMAGE_OPTIONS.onProgress,
  examiner: moduleUrl,
} satisfies Record<keyof InspectOptions, OptionRule>

/** Workers are not worth their start for a look, unless calls are slow: then there will be many, whatever is said here. */
const THREADS = 1

/**
 * Looks through a directory as {@link packDirectory} does before it packs, and packs nothing.
 *
 * Nothing is asked twice: a program that packs what it looked at gives `inspect` to `packDirectory` instead.
 *
 * @param inspect is told what was found, and may have files examined until its promise is done.
 * @returns what `inspect` returns.
 * @throws OptionError; UnreadableError when the directory is not there, or is none (what cannot be read of one that is there
 * is among the entries); what `inspect` throws; the signal's reason when aborted.
 * @example
 * const files = await inspectDirectory('.venv', {}, ({ entries }) => entries.length)
 */
export async function inspectDirectory<T>(
  directory: TextPath | Uint8Array,
  options: InspectOptions,
  inspect: (look: DirectoryLook) => T | Promise<T>,
): Promise<T> {
  checkOptions(options, INSPECT_OPTIONS)
  checkValue('inspect', inspect, callback)
  const { signal, onProgress } = options
  const settings = settle(
    { threads: THREADS, ...(signal && { signal }), ...(onProgress && { onProgress }) },
    { unreadable: 'fail', unreadableRemedy: DIRECTORY_REMEDY },
    {},
  )
  const given = sourcePath(directory)
  const choice = chosenBy(options)
  settings.signal.throwIfAborted()
  const source = await untilAborted(settings.signal, sourceDirectory(given))
  const poolOptions = {
    threads: settings.threads,
    codec: null,
    blockSize: settings.image.blockSize,
    storeData: true,
    examiner: options.examiner ?? null,
    source,
  }
  return await withPool(poolOptions, settings.signal, (pool) => {
    const look = async () => {
      const { rules } = applyRules(settings.rules)
      const options = { ...choice, rules, xattrs: 'none' as const, listsEntries: true }
      const { entries } = await scan(source, pool, options, settings)
      return await inspect(lookAt(entries, pool))
    }
    return untilAborted(settings.signal, look())
  })
}

/** @throws OptionError for patterns that cannot be. */
export function chosenBy({
  include,
  exclude,
  oneFileSystem,
}: LookOptions): Pick<ScanOptions, 'include' | 'exclude' | 'oneFileSystem'> {
  return {
    include: compilePatterns('include', include),
    exclude: compilePatterns('exclude', exclude),
    oneFileSystem: oneFileSystem ?? false,
  }
}

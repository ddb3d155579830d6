/** Pack directory: the largest way in, from a directory to an image in one call. */

import { type Unreadable, UnreadableError } from './errors.js'
import type { Sink } from './image/output.js'
import { type Census, census } from './image/write-tree.js'
import { chosenBy, type Examiner, LOOK_OPTIONS, type LookOptions, moduleUrl } from './inspect-directory.js'
import {
  callback,
  checkOptions,
  checkValue,
  either,
  fields,
  type OptionRule,
  oneOf,
  text,
} from './option-rules.js'
import { checkDestination, IMAGE_OPTIONS, type ImageOptions, settle, sourcePath } from './options.js'
import { type Contents, createContents } from './source/contents.js'
import { type DirectoryLook, fileOf, lookAt } from './source/directory-look.js'
import type { DiskEntry } from './source/disk-entry.js'
import type { Examination } from './source/read-contents.js'
import { scan } from './source/scan.js'
import { sourceDirectory } from './source/source-directory.js'
import { mergeInto } from './tree/addition.js'
import type { TextPath } from './tree/byte-string.js'
import { type AttributeRules, checkEntry, type Entry } from './tree/entry.js'
import { type FoundEntry, foundIn } from './tree/found-entry.js'
import type { DirectoryNode, FileNode } from './tree/node.js'
import { inodeOrder } from './tree/order.js'
import { untilAborted } from './until-aborted.js'
import { build, ENTRIES, type ImageResult } from './write-image.js'

export interface PackOptions extends ImageOptions, LookOptions {
  /** What happens when something cannot be read: 'fail' (if absent), or 'omit', which leaves it out and lists it. */
  readonly unreadable?: 'fail' | 'omit'
  /**
   * Told what was found in the directory, and may have files of it examined, before any of it is packed. What it throws
   * stops the work, and nothing is left behind.
   */
  readonly inspect?: (look: DirectoryLook) => void | Promise<void>
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
    /** Which files are examined. */
    readonly wants: (file: DiskEntry) => boolean
    /**
     * Told what the examiner returned, in no particular order. A file with several names is examined once, under one of
     * them, and told of once for each name that is wanted.
     */
    readonly found: (file: DiskEntry, answer: unknown) => void
  }
  /**
   * Called when all contents are read, and so all examined files were told of, before the image is completed. What it
   * throws stops the work, and nothing is left behind.
   */
  readonly beforeTables?: () => void | Promise<void>
  /**
   * Entries that are packed besides what the directory holds, or a function that is told what was found there, all of
   * `include`, `exclude` and the rules applied, and gives them. `include` and `exclude` do not apply to them.
   *
   * An entry takes the place of what has its path; a directory that is there keeps what it holds. Owner and time that an
   * entry does not give are those of the directory that it is put in, and a directory that is missing on the way is like
   * the one above it.
   */
  readonly additions?: Entries | ((found: readonly FoundEntry[]) => Entries)
}

/** What can be done about what cannot be read. */
const REMEDY = "make them readable, leave them out by exclude, or set unreadable: 'omit'"

/** What each option may be. */
const PACK_OPTIONS = {
  ...IMAGE_OPTIONS,
  ...LOOK_OPTIONS,
  unreadable: oneOf('fail', 'omit'),
  inspect: callback,
  examination: fields({ examiner: moduleUrl, version: text, wants: callback, found: callback }),
  beforeTables: callback,
  additions: either(ENTRIES, callback),
} satisfies Record<keyof PackOptions, OptionRule>

/** In any order, except that a hard link comes after its target. Each path is given once. */
export type Entries = Iterable<Entry> | AsyncIterable<Entry>

export interface PackResult extends ImageResult {
  /** What was found in the directory; the result's own counts are those of the image, with the additions. */
  readonly found: Census
  /** What could not be read and was left out. */
  readonly omitted: readonly Unreadable[]
}

/**
 * Packs a directory into an image.
 *
 * Symlinks are packed as symlinks, hard links as hard links, and every name as the bytes that it is.
 *
 * @param directory the directory whose content becomes the image's root; a symlink to one is followed.
 * @param destination a file's path, which gets the image only when it is complete, or a sink.
 * @throws OptionError; UnreadableError with every path that could not be read or that changed meanwhile, or when there is no
 * such directory; EntryError, TemporaryFileError for additions; LimitError, CodecError, DestinationError; the signal's reason
 * when aborted. Streams that were given as content and not read to their end are then destroyed.
 * @example
 * const { inodes, bytesOut } = await packDirectory('.venv', 'venv.squashfs', { exclude: ['*.a'] })
 * @example
 * await packDirectory('site', 'site.squashfs', {
 *   additions: [{ type: 'file', path: 'VERSION', content: '1.2.3\n' }],
 * })
 */
export async function packDirectory(
  directory: TextPath | Uint8Array,
  destination: string | Sink,
  options: PackOptions = {},
): Promise<PackResult> {
  const contents = createContents(REMEDY)
  let found: Census | null = null
  try {
    contents.expect(options?.additions)
    checkOptions(options, PACK_OPTIONS)
    const unreadable = options.unreadable ?? 'fail'
    const settings = settle(options, { unreadable, unreadableRemedy: REMEDY })
    const given = sourcePath(directory)
    checkDestination(destination)
    const choice = chosenBy(options)
    const { inspect, examination, beforeTables } = options
    settings.signal.throwIfAborted()
    const source = await untilAborted(settings.signal, sourceDirectory(given))
    const examiner = examination?.examiner ?? null
    const result = await build(
      destination,
      settings,
      { source, examiner, beforeTables },
      async (pool, { rules }) => {
        const listsEntries = inspect !== undefined || examination !== undefined
        const how = { ...choice, rules, xattrs: settings.xattrsRead, listsEntries }
        const { root, missing, entries } = await scan(source, pool, how, settings)
        const failed: Unreadable[] = []
        if (inspect) await inspect(lookAt(entries, pool))
        settings.signal.throwIfAborted()
        if (options.additions) {
          found = census(inodeOrder(root))
          await add(options.additions, root, rules, contents, settings.signal, (error) => {
            if (unreadable === 'fail') throw error
            failed.push(...error.paths)
          })
        }
        return {
          root,
          missing: [...missing, ...failed],
          examination: examination ? examinationOf(entries, examination) : null,
        }
      },
    )
    return { ...result, found: found ?? onlyCensus(result) }
  } finally {
    await contents.close()
  }
}

/** The program knows entries, and the reader of contents knows files. */
function examinationOf(
  entries: readonly DiskEntry[],
  { version, wants, found }: NonNullable<PackOptions['examination']>,
): Examination {
  const wanted = new Map<FileNode, DiskEntry[]>()
  for (const entry of entries) {
    if (entry.type !== 'file' || entry.failure !== null || !wants(entry)) continue
    const file = fileOf(entry)
    const names = wanted.get(file)
    if (names) names.push(entry)
    else wanted.set(file, [entry])
  }
  return {
    version: version ?? null,
    wants: (file) => wanted.has(file),
    found(file, answer) {
      for (const entry of wanted.get(file)!) found(entry, answer)
    },
  }
}

async function add(
  additions: NonNullable<PackOptions['additions']>,
  root: DirectoryNode,
  rules: AttributeRules,
  contents: Contents,
  signal: AbortSignal,
  onUnreadable: (error: UnreadableError) => void,
): Promise<void> {
  const merge = mergeInto(root, rules)
  signal.throwIfAborted()
  const entries = typeof additions === 'function' ? additions([...foundIn(root)]) : additions
  checkValue('additions', entries, ENTRIES)
  contents.expect(entries)
  let number = 0
  for await (const given of entries) {
    signal.throwIfAborted()
    const entry = checkEntry(given, `additions[${number++}]`)
    try {
      merge(entry, entry.type === 'file' ? await contents.of(entry) : null)
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error
      onUnreadable(error)
    }
  }
}

function onlyCensus(result: Census): Census {
  const { inodes, files, directories, symlinks, devices, ipc, hardLinks, bytesIn } = result
  return { inodes, files, directories, symlinks, devices, ipc, hardLinks, bytesIn }
}

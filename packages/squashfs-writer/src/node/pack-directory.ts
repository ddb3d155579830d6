/** Pack directory: the largest way in, from a folder to an image in one call. */
import { type Unreadable, UnreadableError } from '../errors.js'
import { type Census, census } from '../image.js'
import { callback, checkOptions, checkValue, either, type OptionRule, oneOf } from '../option-rules.js'
import type { Sink } from '../output.js'
import { mergeInto } from '../tree/addition.js'
import { type AttributeRules, checkEntry, type Entry } from '../tree/entry.js'
import { type FoundEntry, foundIn } from '../tree/found-entry.js'
import type { DirectoryNode } from '../tree/node.js'
import { inodeOrder } from '../tree/order.js'
import { type Contents, createContents } from './contents.js'
import { type DirectoryLook, lookAt } from './directory-look.js'
import { chosenBy, LOOK_OPTIONS, type LookOptions } from './inspect-directory.js'
import { scan } from './scan.js'
import { checkDestination, IMAGE_OPTIONS, type ImageOptions, settle, sourcePath } from './settings.js'
import { sourceDirectory } from './source-directory.js'
import { build, ENTRIES, type ImageResult } from './write-image.js'

export interface PackOptions extends ImageOptions, LookOptions {
  /** What happens when something cannot be read: 'fail' (if absent), or 'omit', which leaves it out and lists it. */
  readonly unreadable?: 'fail' | 'omit'
  /**
   * Told what was found in the directory, and may read parts of it, before any of it is packed. What it throws stops the
   * work, and nothing is left behind.
   */
  readonly inspect?: (look: DirectoryLook) => void | Promise<void>
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
  directory: string | Uint8Array,
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
    const result = await build(destination, settings, async (workers, { rules }) => {
      const { inspect } = options
      const how = { ...choice, rules, xattrs: settings.xattrsRead, listsEntries: inspect !== undefined }
      const { root, missing, entries } = await scan(await sourceDirectory(given), workers, how, settings)
      const failed: Unreadable[] = []
      if (inspect) await inspect(lookAt(entries, workers))
      settings.signal.throwIfAborted()
      if (options.additions) {
        found = census(inodeOrder(root))
        await add(options.additions, root, rules, contents, settings.signal, (error) => {
          if (unreadable === 'fail') throw error
          failed.push(...error.paths)
        })
      }
      return { root, missing: [...missing, ...failed] }
    })
    return { ...result, found: found ?? onlyCensus(result) }
  } finally {
    await contents.close()
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

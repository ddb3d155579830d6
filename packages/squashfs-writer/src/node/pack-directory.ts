/** Pack directory: the largest way in, from a folder to an image in one call. */
import type { Unreadable } from '../errors.js'
import { type Census, census } from '../image.js'
import type { Sink } from '../output.js'
import { mergeInto } from '../tree/addition.js'
import type { AttributeRules, Entry } from '../tree/entry.js'
import { type FoundEntry, foundIn } from '../tree/found-entry.js'
import type { DirectoryNode } from '../tree/node.js'
import { inodeOrder } from '../tree/order.js'
import { type DirectoryLook, lookAt } from './directory-look.js'
import { chosenBy, type LookOptions } from './inspect-directory.js'
import { scan } from './scan.js'
import { type ImageOptions, settle, sourcePath } from './settings.js'
import { loadSourceCalls } from './source-calls.js'
import { createSpool, type Spool } from './spool.js'
import { build, contentOf, type ImageResult } from './write-image.js'

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
 * @param directory the directory whose content becomes the image's root.
 * @param destination a file's path, which gets the image only when it is complete, or a sink.
 * @throws OptionError, LimitError, CodecError, DestinationError; UnreadableError with every path that could not be read or that
 * changed meanwhile; the signal's reason when aborted.
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
  const settings = settle(options, options.unreadable ?? 'fail')
  const source = sourcePath(directory)
  const choice = chosenBy(options)
  const spool = createSpool()
  let found: Census | null = null
  try {
    const result = await build(destination, settings, async (workers, { rules }) => {
      const { inspect } = options
      const how = { ...choice, rules, xattrs: settings.xattrsRead, listsEntries: inspect !== undefined }
      const { root, missing, entries } = await scan(source, workers, how, settings)
      if (inspect) await inspect(lookAt(entries, workers))
      settings.signal.throwIfAborted()
      if (options.additions) {
        found = census(inodeOrder(root))
        await add(options.additions, root, rules, spool, settings.signal)
      }
      return { root, missing }
    })
    return { ...result, found: found ?? onlyCensus(result) }
  } finally {
    await spool.close()
  }
}

async function add(
  additions: NonNullable<PackOptions['additions']>,
  root: DirectoryNode,
  rules: AttributeRules,
  spool: Spool,
  signal: AbortSignal,
): Promise<void> {
  const merge = mergeInto(root, rules)
  const source = await loadSourceCalls()
  signal.throwIfAborted()
  for await (const entry of typeof additions === 'function' ? additions([...foundIn(root)]) : additions) {
    signal.throwIfAborted()
    merge(entry, entry.type === 'file' ? await contentOf(entry, spool, source) : null)
  }
}

function onlyCensus(result: Census): Census {
  const { inodes, files, directories, symlinks, devices, ipc, hardLinks, bytesIn } = result
  return { inodes, files, directories, symlinks, devices, ipc, hardLinks, bytesIn }
}

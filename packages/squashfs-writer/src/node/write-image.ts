/** Write image: the way in for programs that say entry by entry what is in the image. */
import type { Unreadable } from '../errors.js'
import { type ImageSummary, writeTree } from '../image.js'
import { checkOptions, checkValue, type OptionRule } from '../option-rules.js'
import type { Sink } from '../output.js'
import { type ByteString, toDisplay } from '../tree/byte-string.js'
import { addEntry, checkEntry, type Entry } from '../tree/entry.js'
import { type DirectoryNode, directoryNode } from '../tree/node.js'
import { type Applied, applyRules, type Warning } from '../tree/rules.js'
import { createContents } from './contents.js'
import { findDestination, writeDestination } from './destination.js'
import { createContentReader } from './read-contents.js'
import { checkDestination, IMAGE_OPTIONS, type ImageOptions, type Settings, settle } from './settings.js'
import { untilAborted } from './until-aborted.js'
import { type Workers, withWorkers } from './workers.js'

/** What became of the entries. */
export interface ImageResult extends Omit<ImageSummary, 'omitted'> {
  /** By name: on how many inodes an xattr was left out, by the format's limits or the rules. */
  readonly droppedXattrs: Readonly<Record<string, number>>
  readonly warnings: readonly Warning[]
}

/** What can be done about what cannot be read. */
const REMEDY = 'make them readable, or leave out their entries'

export const ENTRIES: OptionRule = {
  mustBe: 'entries: an array or another iterable',
  isValid: (value) =>
    typeof value === 'object' &&
    value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value),
}

/**
 * Writes an image with the given entries.
 *
 * @param entries in any order, except that a hard link comes after its target. Directories on the way may be left out.
 * @param destination a file's path, which gets the image only when it is complete, or a sink.
 * @throws OptionError, EntryError, LimitError, UnreadableError, TemporaryFileError, CodecError, DestinationError; the signal's
 * reason when aborted. Streams that were given as content and not read to their end are then destroyed.
 * @example
 * await writeImage(
 *   [
 *     { type: 'file', path: 'etc/motd', content: 'Welcome.\n' },
 *     { type: 'symlink', path: 'motd', target: 'etc/motd' },
 *   ],
 *   'motd.squashfs',
 * )
 */
export async function writeImage(
  entries: Iterable<Entry> | AsyncIterable<Entry>,
  destination: string | Sink,
  options: ImageOptions = {},
): Promise<ImageResult> {
  const contents = createContents(REMEDY)
  try {
    contents.expect(entries)
    checkOptions(options, IMAGE_OPTIONS)
    checkValue('entries', entries, ENTRIES)
    checkDestination(destination)
    const settings = settle(options, { unreadable: 'fail', unreadableRemedy: REMEDY })
    return await build(destination, settings, async (_workers, applied) => {
      const root = directoryNode(applied.rules('', { mode: 0o755, uid: 0, gid: 0, mtime: 0, xattrs: [] }))
      let number = 0
      for await (const given of entries) {
        settings.signal.throwIfAborted()
        const entry = checkEntry(given, `entries[${number++}]`)
        addEntry(root, entry, applied.rules, entry.type === 'file' ? await contents.of(entry) : null)
      }
      return { root, missing: [] }
    })
  } finally {
    await contents.close()
  }
}

/** What both ways in have in common: threads, rules, the image, its destination, the result. */
export async function build(
  destination: string | Sink,
  settings: Settings,
  plant: (
    workers: Workers,
    applied: Applied,
  ) => Promise<{ root: DirectoryNode; missing: readonly Unreadable[] }>,
): Promise<ImageResult & ImageSummary> {
  const { signal } = settings
  signal.throwIfAborted()
  const place = typeof destination === 'string' ? await findDestination(destination, settings.replace) : null
  return await withWorkers(settings.cores, signal, async (workers) => {
    const applied = applyRules(settings.rules)
    const { root, missing } = await untilAborted(signal, plant(workers, applied))
    if (settings.rootMode !== null) root.mode = settings.rootMode
    const reader = createContentReader(workers, settings.image.blockSize, settings.buffers, applied.access)
    const write = (sink: Sink) =>
      untilAborted(
        signal,
        writeTree(
          root,
          reader,
          sink,
          settings.image,
          missing,
          signal,
          settings.onProgress,
          settings.onStored,
        ),
      )
    if (!place) (destination as Sink).begin?.()
    const { result, warnings } = place
      ? await writeDestination(place, settings.image.offset, settings.beforeReplace, signal, write)
      : { result: await write(destination as Sink), warnings: [] }
    return {
      ...result,
      droppedXattrs: namesAndCounts(applied.droppedXattrs),
      warnings: [...applied.warnings.sort((a, b) => (a.path < b.path ? -1 : 1)), ...warnings],
    }
  })
}

function namesAndCounts(counts: ReadonlyMap<ByteString, number>): Record<string, number> {
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(sorted.map(([name, count]) => [toDisplay(name), count]))
}

/** Write image: the way in for programs that say entry by entry what is in the image. */

import type { BaseResult } from './base/base-result.js'
import { withBase } from './base/with-base.js'
import { findDestination, writeDestination } from './destination/file.js'
import type { Unreadable } from './errors.js'
import type { Sink } from './image/output.js'
import { type ImageSummary, writeTree } from './image/write-tree.js'
import { checkOptions, checkValue, type OptionRule } from './option-rules.js'
import { checkDestination, IMAGE_OPTIONS, type ImageOptions, type Settings, settle } from './options.js'
import { createContents } from './source/contents.js'
import type { Examination } from './source/read-contents.js'
import { type Pool, withPool } from './source/workers/pool.js'
import { type ByteString, toDisplay } from './tree/byte-string.js'
import { addEntry, checkEntry, type Entry } from './tree/entry.js'
import { type DirectoryNode, directoryNode } from './tree/node.js'
import { type Applied, applyRules, type Warning } from './tree/rules.js'
import { untilAborted } from './until-aborted.js'

/** What became of the entries. */
export interface ImageResult extends Omit<ImageSummary, 'omitted'> {
  /** By name: on how many inodes an xattr was left out, by the format's limits or the rules. */
  readonly droppedXattrs: Readonly<Record<string, number>>
  readonly warnings: readonly Warning[]
  /** What was taken over from the base; null where none was given. */
  readonly base: BaseResult | null
  /** The record of this packing, to be given with the image when it is a base; null where none was asked for. */
  readonly record: Uint8Array | null
  /** What compressed the blocks: the same encoder in the same version gives the same bytes. */
  readonly compression: {
    /** `zstd`, `gzip`, `none`, or the name of the program's own codec. */
    readonly codec: string
    /** `node` or `bundled` for zstd; null where the codec does not say. */
    readonly encoder: string | null
    /** The encoder's version: that of zstd. */
    readonly version: string | null
  }
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
    return await build(destination, settings, {}, async (_pool, applied) => {
      const root = directoryNode(applied.rules('', { mode: 0o755, uid: 0, gid: 0, mtime: 0, xattrs: [] }))
      let number = 0
      for await (const given of entries) {
        settings.signal.throwIfAborted()
        const entry = checkEntry(given, `entries[${number++}]`)
        addEntry(root, entry, applied.rules, entry.type === 'file' ? await contents.of(entry) : null)
      }
      return { root, missing: [], examination: null }
    })
  } finally {
    await contents.close()
  }
}

/** What of a directory matters beyond its tree. */
interface FromDirectory {
  readonly source?: ByteString
  readonly examiner?: string | null
  readonly beforeTables?: (() => void | Promise<void>) | undefined
}

/** What is packed, and what is examined on the way. */
interface Found {
  readonly root: DirectoryNode
  readonly missing: readonly Unreadable[]
  readonly examination: Examination | null
}

/** What both ways in have in common: threads, rules, the image, its destination, the result. */
export async function build(
  destination: string | Sink,
  settings: Settings,
  { source = '', examiner = null, beforeTables }: FromDirectory,
  find: (pool: Pool, applied: Applied) => Promise<Found>,
): Promise<ImageResult & ImageSummary> {
  const { signal } = settings
  signal.throwIfAborted()
  const place = typeof destination === 'string' ? await findDestination(destination, settings.replace) : null
  const { codec, blockSize, uncompressed } = settings.image
  const poolOptions = {
    threads: settings.threads,
    codec,
    blockSize,
    storeData: uncompressed.has('data'),
    examiner,
    source,
  }
  return await withPool(poolOptions, signal, (pool) =>
    withBase(settings, pool, async (prepare) => {
      const applied = applyRules(settings.rules)
      const { root, missing, examination } = await untilAborted(signal, find(pool, applied))
      if (settings.rootMode !== null) root.mode = settings.rootMode
      const packed = { root, accessRules: applied.access, examination }
      const { reader, encode, result, ...company } = await untilAborted(signal, prepare(packed))
      const { onProgress, onStored } = settings
      const write = (sink: Sink) =>
        untilAborted(
          signal,
          writeTree(root, reader, encode, sink, settings.image, missing, signal, onProgress, {
            onStored,
            beforeTables,
            ...company,
          }),
        )
      if (!place) (destination as Sink).begin?.()
      const {
        result: summary,
        identity,
        warnings,
      } = place
        ? await writeDestination(place, settings.image.offset, settings.beforeReplace, signal, write)
        : { result: await write(destination as Sink), identity: null, warnings: [] }
      return {
        ...summary,
        ...result(identity),
        compression: {
          codec: codec.name,
          encoder: codec.encoder?.name ?? null,
          version: codec.encoder?.version ?? null,
        },
        droppedXattrs: namesAndCounts(applied.droppedXattrs),
        warnings: [...applied.warnings.sort((a, b) => (a.path < b.path ? -1 : 1)), ...warnings],
      }
    }),
  )
}

function namesAndCounts(counts: ReadonlyMap<ByteString, number>): Record<string, number> {
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(sorted.map(([name, count]) => [toDisplay(name), count]))
}

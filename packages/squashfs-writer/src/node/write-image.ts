/** Write image: the way in for programs that say entry by entry what is in the image. */
import { constants } from 'node:fs'
import { EntryError, type Unreadable } from '../errors.js'
import { type ImageSummary, writeTree } from '../image.js'
import type { Sink } from '../output.js'
import { type ByteString, toByteString, toDisplay } from '../tree/byte-string.js'
import { addEntry, type Entry, type FileEntry } from '../tree/entry.js'
import { type Content, type DirectoryNode, directoryNode } from '../tree/node.js'
import { type Applied, applyRules, type Warning } from '../tree/rules.js'
import { findDestination, writeDestination } from './destination.js'
import { createContentReader } from './read-contents.js'
import { type ImageOptions, type Settings, settle } from './settings.js'
import { loadSourceCalls, type SourceCalls, type Status, splitPath } from './source-calls.js'
import { createSpool, type Spool } from './spool.js'
import { untilAborted } from './until-aborted.js'
import { type Workers, withWorkers } from './workers.js'

/** What became of the entries. */
export interface ImageResult extends Omit<ImageSummary, 'omitted'> {
  /** By name: on how many inodes an xattr was left out, by the format's limits or the rules. */
  readonly droppedXattrs: Readonly<Record<string, number>>
  readonly warnings: readonly Warning[]
}

/**
 * Writes an image with the given entries.
 *
 * @param entries in any order, except that a hard link comes after its target. Directories on the way may be left out.
 * @param destination a file's path, which gets the image only when it is complete, or a sink.
 * @throws OptionError, EntryError, LimitError, UnreadableError, CodecError, DestinationError; the signal's reason when aborted.
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
  const settings = settle(options, 'fail')
  const source = await loadSourceCalls()
  const spool = createSpool()
  try {
    return await build(destination, settings, async (_workers, applied) => {
      const root = directoryNode(applied.rules('', { mode: 0o755, uid: 0, gid: 0, mtime: 0, xattrs: [] }))
      for await (const entry of entries) {
        settings.signal.throwIfAborted()
        addEntry(
          root,
          entry,
          applied.rules,
          entry.type === 'file' ? await contentOf(entry, spool, source) : null,
        )
      }
      return { root, missing: [] }
    })
  } finally {
    await spool.close()
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

/** The one door for contents: after it they are of one of the node's kinds, with a known size. */
export async function contentOf(
  { content, path }: FileEntry,
  spool: Spool,
  source: SourceCalls,
): Promise<{ content: Content; size: number }> {
  if (typeof content === 'string') return bytesContent(new TextEncoder().encode(content))
  if (content instanceof Uint8Array) return bytesContent(content)
  if ('file' in content) return diskContent(toByteString(content.file), toDisplay(toByteString(path)), source)
  if ('open' in content) {
    if (!Number.isSafeInteger(content.size) || content.size < 0)
      throw new EntryError(
        toDisplay(toByteString(path)),
        `a size of ${content.size}; it must be a number of bytes`,
      )
    return { content: { kind: 'stream', open: content.open }, size: content.size }
  }
  return spool.keep(content)
}

function bytesContent(bytes: Uint8Array): { content: Content; size: number } {
  return { content: { kind: 'bytes', bytes }, size: bytes.length }
}

function diskContent(
  file: ByteString,
  path: string,
  source: SourceCalls,
): { content: Content; size: number } {
  const { folder, name } = splitPath(file)
  const { mode, size, blocks, identity } = statusOfFile()
  if ((mode & constants.S_IFMT) !== constants.S_IFREG)
    throw new EntryError(path, `${toDisplay(file)} is not a regular file`)
  const place = { folder: { path: folder, seen: null }, name }
  return {
    content: { kind: 'disk', ...place, seen: identity, sparse: blocks * 512 < size, bringsXattrs: false },
    size,
  }

  function statusOfFile(): Status {
    try {
      const entered = source.enter(folder, true)
      try {
        return entered.status(name)
      } finally {
        entered.close()
      }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new EntryError(path, `its file ${toDisplay(file)} cannot be read: ${reason}`)
    }
  }
}

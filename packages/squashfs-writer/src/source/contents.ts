/**
 * Contents: turns the content of an entry, in any accepted form, into the content of a node, with a known size. No other file
 * handles these forms.
 */
import { constants } from 'node:fs'
import { Readable } from 'node:stream'
import { EntryError, messageOf, SquashfsError, shown, UnreadableError } from '../errors.js'
import { type ByteString, toByteString, toDisplay } from '../tree/byte-string.js'
import { bytesOf } from '../tree/bytes.js'
import type { Entry, FileEntry } from '../tree/entry.js'
import type { Content } from '../tree/node.js'
import { DiskContent } from './disk-content.js'
import { loadSourceCalls, type SourceCalls, type Status, splitPath } from './filesystem.js'
import { createSpool } from './spool.js'
import { failureOfStream } from './stream-reader.js'

export interface SizedContent {
  readonly content: Content
  /** Bytes. */
  readonly size: number
}

export interface Contents {
  /**
   * The content of a file entry. A stream of unknown length is read to its end.
   * @throws EntryError for an invalid content; UnreadableError for a stream that fails; TemporaryFileError.
   */
  of(entry: FileEntry): Promise<SizedContent>
  /** Registers the streams of entries, so that they are destroyed even if they are never read. */
  expect(entries: unknown): void
  /** Called at the end, also after a failure. Destroys the streams that were not read to their end. */
  close(): Promise<void>
}

const KINDS = 'give bytes, text, { file }, { size, open } or a stream'

/** @param remedy what a user can do about a stream that fails, in words. */
export function createContents(remedy: string): Contents {
  const spool = createSpool()
  /** The streams that were not read to their end. */
  const streams = new Set<unknown>()
  const used = new WeakSet<object>()
  let source: SourceCalls | null = null
  let closed = false

  return {
    async of({ content, path: given, xattrs }) {
      const found = DiskContent.placeOf(content)
      // Xattrs of the entry replace those of the file.
      if (found)
        return { ...found, content: xattrs ? { ...found.content, xattrsWithContent: false } : found.content }
      const bytes = bytesOf(content)
      if (bytes) return { content: { kind: 'bytes', bytes }, size: bytes.length }
      const path = toDisplay(toByteString(given))
      const parts: Readonly<Record<string, unknown>> = isObject(content) ? content : {}
      if (isStream(content)) return await spooled(content, path)
      if (typeof parts.open === 'function') return streamOfSize(parts.open.bind(content), parts.size, path)
      if (typeof parts.file === 'string' || parts.file instanceof Uint8Array) {
        source ??= await loadSourceCalls()
        return diskContent(toByteString(parts.file), path, source)
      }
      throw new EntryError(path, `its content is ${shown(content)}; ${KINDS}`)
    },
    expect(entries) {
      for (const stream of streamsAmong(entries)) streams.add(stream)
    },
    async close() {
      closed = true
      for (const stream of streams) destroy(stream)
      streams.clear()
      await spool.close()
    },
  }

  async function spooled(stream: AsyncIterable<unknown>, path: string): Promise<SizedContent> {
    streams.add(stream)
    if (used.has(stream)) throw new EntryError(path, 'its stream is the content of another entry already')
    used.add(stream)
    if ('readableEnded' in stream && stream.readableEnded === true)
      throw new EntryError(path, 'its stream was read to its end before')
    try {
      return await spool.keep(chunksOf(stream, path))
    } catch (error) {
      if (error instanceof SquashfsError) throw error
      throw new UnreadableError([{ path, ...failureOfStream(error) }], remedy)
    }
  }

  function streamOfSize(open: () => unknown, size: unknown, path: string): SizedContent {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
      throw new EntryError(path, `a size of ${shown(size)}; it must be a number of bytes`)
    const opened = () => {
      const stream = open()
      if (!isStream(stream))
        throw new EntryError(path, `open returned ${shown(stream)}; it must return a stream`)
      return chunksOf(stream, path)
    }
    return { content: { kind: 'stream', open: opened }, size }
  }

  /** The chunks of a stream, as bytes. */
  async function* chunksOf(stream: AsyncIterable<unknown>, path: string): AsyncGenerator<Uint8Array> {
    streams.add(stream)
    if (closed) destroy(stream) // it was opened after the work was aborted
    // A web stream cannot be cancelled while it is read, but a Node stream made of it can be destroyed.
    const readable =
      stream instanceof ReadableStream ? Readable.fromWeb(stream, { objectMode: true }) : stream
    streams.add(readable)
    for await (const chunk of readable) {
      const bytes = bytesOf(chunk)
      if (!bytes) throw new EntryError(path, `its stream gave ${shown(chunk)}; it must give bytes or text`)
      yield bytes
    }
    streams.delete(stream)
    streams.delete(readable)
  }
}

function streamsAmong(entries: unknown): unknown[] {
  if (!Array.isArray(entries)) return []
  const contents = entries.map(
    (entry: Entry | null | undefined) => isObject(entry) && 'content' in entry && entry.content,
  )
  return contents.filter(isStream)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return isObject(value) && Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === 'function'
}

/** Ends a stream early, if possible, and ignores its errors. */
function destroy(stream: unknown): void {
  const ignore = () => {}
  if (stream instanceof Readable) stream.once('error', ignore).destroy()
  else if (stream instanceof ReadableStream) stream.cancel().catch(ignore)
  else if (isObject(stream) && typeof stream.destroy === 'function') stream.destroy()
  else if (isObject(stream) && typeof stream.return === 'function')
    Promise.resolve(stream.return()).catch(ignore)
}

function diskContent(file: ByteString, path: string, source: SourceCalls): SizedContent {
  if (file === '' || file.includes('\0'))
    throw new EntryError(path, `its file is '${toDisplay(file)}'; a path has at least one byte and no NUL`)
  const { directory, name } = splitPath(file)
  const { mode, size, blocks, identity } = statusOfFile()
  if ((mode & constants.S_IFMT) !== constants.S_IFREG)
    throw new EntryError(path, `${toDisplay(file)} is not a regular file`)
  const place = { directory: { path: directory, seen: null }, name }
  return {
    content: {
      kind: 'disk',
      ...place,
      seen: identity,
      sparse: blocks * 512 < size,
      xattrsWithContent: false,
    },
    size,
  }

  function statusOfFile(): Status {
    try {
      const entered = source.enter(directory, true)
      try {
        return entered.status(name)
      } finally {
        entered.close()
      }
    } catch (cause) {
      throw new EntryError(path, `its file ${toDisplay(file)} cannot be read: ${messageOf(cause)}`)
    }
  }
}

/**
 * Contents: where the bytes of a file come from. The one place where what a program gives as content is recognised; after it
 * contents are of one of the node's kinds, with a known size.
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
   * Where a file entry's bytes come from. A stream of unknown length is read to its end.
   * @throws EntryError for what is no content; UnreadableError for a stream that fails; TemporaryFileError.
   */
  of(entry: FileEntry): Promise<SizedContent>
  /** Tells which entries contents will come from, so that their streams are destroyed if their turn never comes. */
  expect(entries: unknown): void
  /** To be called at the end, however that came: destroys the streams that were not read to their end. */
  close(): Promise<void>
}

const KINDS = 'give bytes, text, { file }, { size, open } or a stream'

/**
 * @param remedy what can be done about a stream that fails, in words.
 */
export function createContents(remedy: string): Contents {
  const spool = createSpool()
  /** Streams that must be destroyed unless they are read to their end. */
  const streams = new Set<unknown>()
  const used = new WeakSet<object>()
  let source: SourceCalls | null = null
  let closed = false

  return {
    async of({ content, path: given, xattrs }) {
      const found = DiskContent.placeOf(content)
      // Xattrs that an entry gives stand for those that its file has.
      if (found)
        return { ...found, content: xattrs ? { ...found.content, xattrsWithContent: false } : found.content }
      const path = toDisplay(toByteString(given))
      const bytes = bytesOf(content)
      if (bytes) return { content: { kind: 'bytes', bytes }, size: bytes.length }
      const parts: Readonly<Record<string, unknown>> = isObject(content) ? content : {}
      if (isStream(content)) return await kept(content, path)
      if (typeof parts.open === 'function') return announced(parts.open.bind(content), parts.size, path)
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

  async function kept(stream: AsyncIterable<unknown>, path: string): Promise<SizedContent> {
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

  function announced(open: () => unknown, size: unknown, path: string): SizedContent {
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
    if (closed) destroy(stream) // opened after the work was stopped
    // A web stream that is being read cannot be cancelled; its Node stream can be destroyed.
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

/** Ends a stream early, where it can be ended; its errors no longer matter. */
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

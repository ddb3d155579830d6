/// <reference lib="esnext.disposable" preserve="true" />
/** Open directory: a directory on disk in the hands of a program, which reads in it, packs it, or both. */
import { EntryError, OptionError, SquashfsError } from '../errors.js'
import { type Census, census } from '../image/write-tree.js'
import { type ByteString, toByteString, toDisplay } from '../tree/byte-string.js'
import type { FoundEntry, FoundFile } from '../tree/found-entry.js'
import { inodeOrder } from '../tree/order.js'
import { untilAborted } from '../until-aborted.js'
import { DiskContent, type FoundPlace } from './disk-content.js'
import { groupLimits } from './file-group.js'
import { FoundEntries, type LentScan, type UnreadableEntry } from './found-entries.js'
import { readRange, streamFile } from './read-range.js'
import { type ScanControl, type ScanOptions, type ScanResult, scan } from './scan.js'
import { createPool, type Pool } from './workers/pool.js'
import { addRange, type Failure, noRanges, type XattrsRead } from './workers/protocol.js'

/** A directory on disk, from {@link openDirectory}. */
export interface OpenDirectory extends AsyncDisposable {
  /**
   * All that `include` and `exclude` leave: the directory itself first, parents before what they hold. The directory is
   * looked through once, when the entries are asked for first, and each iteration gives what was found then. Given to
   * `writeImage` or `overlay` as they are they cost no object for each file.
   * @throws when iterated, UnreadableError where the directory itself cannot be read.
   */
  readonly entries: AsyncIterable<FoundEntry>
  /** What is there and cannot be packed, as far as that shows without reading a file; in the order of paths. */
  unreadable(): Promise<readonly UnreadableEntry[]>
  /** Its inodes by their kinds, and the bytes of its files, without what cannot be read. */
  census(): Promise<Census>
  /**
   * Reads a part of a file.
   * @param file one of the entries.
   * @param start in bytes from the beginning of the file.
   * @param length in bytes; what would lie beyond the end of the file is left out.
   * @throws UnreadableError, with the code `CHANGED` where it is not the file any more that was found; EntryError for what is
   * none of the files of a directory.
   */
  readRange(file: FoundFile, start: number, length: number): Promise<Uint8Array>
  /**
   * Opens files, many at a time where the filesystem is slow, and has the examiner look at each.
   * @param files best in the order of the entries, directory by directory.
   * @returns of each what the examiner returned, or why it could not be read: 'CHANGED' where it is not the file that was found.
   * @throws OptionError where the directory was opened without an examiner; EntryError for what is none of its files.
   */
  examine(files: Iterable<FoundFile>): Promise<ReadonlyMap<FoundFile, { readonly found: unknown } | Failure>>
  /**
   * Ends its threads and closes its files. What is asked of it after that is a SquashfsError with the code `CLOSED`. Entries that
   * `writeImage` has begun with are packed all the same; a directory that is closed by then need not be kept as it was found.
   */
  close(): Promise<void>
}

export interface DirectoryHandleOptions extends Pick<ScanOptions, 'include' | 'exclude' | 'oneFileSystem'> {
  readonly readsXattrs: boolean
  readonly examiner: string | null
  readonly control: ScanControl
}

/** Workers are not worth their start for a look, unless calls are slow: then there will be many, whatever is said here. */
const THREADS = 1
const WHOLE = { start: 0, length: 0, at: 0, inBlocks: 0, flags: 0 }

interface Scanned {
  readonly xattrs: XattrsRead
  readonly result: Promise<ScanResult>
}

export class DirectoryHandle implements OpenDirectory {
  readonly entries: FoundEntries
  readonly #source: ByteString
  readonly #options: DirectoryHandleOptions
  /** Made when it is needed first. */
  #pool: Pool | null = null
  #scanned: Scanned | null = null
  #isClosed = false

  constructor(source: ByteString, options: DirectoryHandleOptions) {
    this.#source = source
    this.#options = options
    this.entries = new FoundEntries(
      (lent) => this.#scan(lent),
      (file) => this.#stream(file),
      () => this.#isClosed,
    )
  }

  unreadable(): Promise<readonly UnreadableEntry[]> {
    return this.entries.unreadable()
  }

  async census(): Promise<Census> {
    const { root } = await this.#scan(null)
    return census(inodeOrder(root))
  }

  async readRange(file: FoundFile, start: number, length: number): Promise<Uint8Array> {
    const place = placeOf(file)
    for (const [name, value] of Object.entries({ start, length }))
      if (!Number.isSafeInteger(value) || value < 0)
        throw new OptionError(name, value, 'a number of bytes from 0 on')
    return await this.#untilAborted(readRange(this.#ownPool(), place, start, length))
  }

  async examine(files: Iterable<FoundFile>): Promise<Map<FoundFile, { readonly found: unknown } | Failure>> {
    if (this.#options.examiner === null)
      throw new OptionError('examiner', undefined, 'the URL of a module, given to openDirectory')
    const waiting = [...files].map((file) => ({ file, place: placeOf(file) }))
    const pool = this.#ownPool()
    const found = new Map<FoundFile, { readonly found: unknown } | Failure>()
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < waiting.length) {
        const batch = waiting.slice(next, next + groupLimits(pool).soon)
        next += batch.length
        const ranges = noRanges()
        for (const { place } of batch) addRange(ranges, place, WHOLE)
        const answers = await pool.run('examine', { ranges })
        for (const [n, answer] of answers.entries()) found.set(batch[n]!.file, answer)
      }
    }
    await this.#untilAborted(Promise.all(Array.from({ length: pool.jobsWanted() }, lane)))
    return found
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#scanned = null
    await this.#pool?.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** What was found, if it was scanned already with the xattrs that are wanted now. */
  #scan(lent: LentScan | null): Promise<ScanResult> {
    this.#checkOpen()
    const xattrs = this.#options.readsXattrs ? (lent?.xattrs ?? 'all') : 'none'
    const known = this.#scanned
    if (known && (!lent || known.xattrs === xattrs || known.xattrs === 'all')) return known.result
    const { include, exclude, oneFileSystem, control } = this.#options
    const options = { include, exclude, oneFileSystem, xattrs }
    const result = lent
      ? scan(this.#source, lent.pool, options, lent.control)
      : this.#untilAborted(scan(this.#source, this.#ownPool(), options, control))
    const scanned = { xattrs, result }
    this.#scanned = scanned
    result.catch(() => {
      if (this.#scanned === scanned) this.#scanned = null // what stopped one writer need not stop the next
    })
    return result
  }

  async *#stream(file: FoundPlace): AsyncGenerator<Uint8Array> {
    yield* streamFile(this.#ownPool(), file)
  }

  /** An abort ends what is under way, whatever a disk has to say. */
  #untilAborted<T>(work: Promise<T>): Promise<T> {
    return untilAborted(this.#options.control.signal, work)
  }

  #ownPool(): Pool {
    this.#checkOpen()
    this.#pool ??= createPool({
      threads: THREADS,
      codec: null,
      blockSize: 131_072,
      uncompressedData: true,
      uncompressedTails: true,
      examiner: this.#options.examiner,
    })
    return this.#pool
  }

  #checkOpen(): void {
    this.#options.control.signal.throwIfAborted()
    if (this.#isClosed)
      throw new SquashfsError(
        'CLOSED',
        `${toDisplay(this.#source)}: the directory was closed; open it again, or close it later`,
      )
  }
}

function placeOf(file: FoundFile): FoundPlace {
  const place = DiskContent.placeOf(file.content)
  if (place) return place
  throw new EntryError(
    toDisplay(toByteString(file.path)),
    'it is not a file that was found in a directory; give one of the entries',
  )
}

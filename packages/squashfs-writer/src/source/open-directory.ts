/// <reference lib="esnext.disposable" preserve="true" />
/** Open directory: the handle of a directory on disk, which the caller reads, packs, or both. */
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
   * The entries that match `include` and `exclude`: the directory itself first, parents before children. The directory is scanned
   * once, when the entries are first needed. All iterations give the result of this scan. No object is created for each file if
   * you pass the entries to `writeImage` or `overlay`.
   * @throws UnreadableError during iteration, if the directory itself cannot be read.
   */
  readonly entries: AsyncIterable<FoundEntry>
  /** The paths that cannot be packed, as far as the scan can tell, sorted. */
  unreadable(): Promise<readonly UnreadableEntry[]>
  /** The number of inodes by type and the size of all files, without unreadable ones. */
  census(): Promise<Census>
  /**
   * Reads a range of a file.
   * @param file one of the entries.
   * @param start in bytes from the start of the file.
   * @param length in bytes. The result is shorter if the file ends before.
   * @throws UnreadableError, with the code `CHANGED` if the file was changed or replaced since the scan; EntryError for a file that
   * is not an entry of a directory.
   */
  readRange(file: FoundFile, start: number, length: number): Promise<Uint8Array>
  /**
   * Opens files and calls the examiner for each. Many files are opened at a time if the filesystem is slow.
   * @param files preferably in the order of the entries, directory by directory.
   * @returns for each file the result of the examiner, or the reason why it could not be read: 'CHANGED' if it was changed or
   * replaced since the scan.
   * @throws OptionError if the directory was opened without an examiner; EntryError for a file that is not one of its entries.
   */
  examine(files: Iterable<FoundFile>): Promise<ReadonlyMap<FoundFile, { readonly found: unknown } | Failure>>
  /**
   * Terminates its threads and closes its files. Later calls throw a SquashfsError with the code `CLOSED`. A `writeImage` that has
   * already begun still packs the entries, and may then change the scanned tree in place.
   */
  close(): Promise<void>
}

export interface DirectoryHandleOptions extends Pick<ScanOptions, 'include' | 'exclude' | 'oneFileSystem'> {
  readonly readsXattrs: boolean
  readonly examiner: string | null
  readonly control: ScanControl
}

/** To read a few files, no worker is worth spawning, unless metadata calls are slow; then the pool spawns many anyway. */
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
  /** Created when it is first needed. */
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
        const responses = await pool.run('examine', { ranges })
        for (const [n, response] of responses.entries()) found.set(batch[n]!.file, response)
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

  /** Scans the directory, unless there is a scan with the wanted xattrs. */
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
      if (this.#scanned === scanned) this.#scanned = null // a failure or abort of one writer must not affect the next
    })
    return result
  }

  async *#stream(file: FoundPlace): AsyncGenerator<Uint8Array> {
    yield* streamFile(this.#ownPool(), file)
  }

  /** An abort ends the wait, even if a disk does not respond. */
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

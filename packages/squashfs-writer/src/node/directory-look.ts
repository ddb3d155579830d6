/** Directory look: what the scan found in a directory, and parts of its files, before anything is packed. */
import { InodeType } from '../format/inode.js'
import { toDisplay } from '../tree/byte-string.js'
import type { FileNode } from '../tree/node.js'
import { BUFFER_SIZE } from './buffer-pool.js'
import type { DiskEntry, EntryInTree } from './disk-entry.js'
import { type Failure, isFailure, itemOf, type ReadItem } from './jobs.js'
import { filesPerStep } from './read-contents.js'
import type { Workers } from './workers.js'

/** A part of a file. */
export interface FilePart {
  /** The file, as it was found. */
  readonly entry: DiskEntry
  /** Bytes from the file's start: an integer, at least 0. */
  readonly start: number
  /** Bytes: an integer, at least 0. Those beyond the file's end are not given. */
  readonly length: number
}

/** A directory that was looked through. */
export interface DirectoryLook {
  /** All that `include` and `exclude` leave; the directory itself is the first. */
  readonly entries: readonly DiskEntry[]
  /**
   * Reads parts of files, many at a time where the filesystem is slow. Parts that lie one after another in the list and
   * in one file, or one folder, cost the least.
   * @returns for each part its bytes, or why it could not be read: 'CHANGED' where it is not the file that was found.
   * @throws TypeError for an entry that is no file, or was not found by a look; RangeError for a range that cannot be.
   */
  read(parts: readonly FilePart[]): Promise<(Uint8Array | Failure)[]>
}

/** @param entries what the scan found. */
export function lookAt(entries: readonly DiskEntry[], workers: Workers): DirectoryLook {
  return { entries, read: (parts) => readParts(parts, workers) }
}

async function readParts(parts: readonly FilePart[], workers: Workers): Promise<(Uint8Array | Failure)[]> {
  parts.forEach(checkPart)
  const results: (Uint8Array | Failure)[] = []
  const jobs = jobsOf(parts, workers)
  await Promise.all(Array.from({ length: workers.jobsWanted() }, lane))
  return results

  async function lane(): Promise<void> {
    for (const { first, items, size } of jobs) {
      const room = new ArrayBuffer(size)
      const { found, buffer } = await workers.run('read', { items, buffer: room }, [room])
      for (const [n, { at, length }] of items.entries()) {
        const failure = found[n]!
        results[first + n] = isFailure(failure) ? failure : new Uint8Array(buffer, at, length)
      }
    }
  }
}

function checkPart({ entry, start, length }: FilePart): void {
  fileOf(entry)
  if (Number.isSafeInteger(start) && start >= 0 && Number.isSafeInteger(length) && length >= 0) return
  throw new RangeError(
    `${toDisplay(entry.path)}: ${length} bytes from ${start} on are asked for; give integers of at least 0`,
  )
}

interface Job {
  /** Where in the list its first part is. */
  readonly first: number
  readonly items: ReadItem[]
  /** Bytes of all of them. */
  readonly size: number
}

/** One after another, each as large as it may be when its turn comes. */
function* jobsOf(parts: readonly FilePart[], workers: Workers): Generator<Job, undefined> {
  for (let first = 0; first < parts.length; ) {
    const items: ReadItem[] = []
    let size = 0
    const most = Math.min(first + filesPerStep(workers), parts.length)
    for (let n = first; n < most; n++) {
      const item = itemFor(parts[n]!, size)
      if (items.length > 0 && size + item.length > BUFFER_SIZE) break
      items.push(item)
      size += item.length
    }
    yield { first, items, size }
    first += items.length
  }
  return undefined
}

function itemFor({ entry, start, length }: FilePart, at: number): ReadItem {
  const file = fileOf(entry)
  const given = Math.max(0, Math.min(length, file.size - start))
  return itemOf(file, start, given, at, false, false)
}

function fileOf(entry: DiskEntry | EntryInTree): FileNode {
  if ('node' in entry && entry.node.type === InodeType.FILE) return entry.node
  throw new TypeError(`${toDisplay(entry.path)} is not a file that was found in this directory`)
}

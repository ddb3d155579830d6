/** Found entries: the entries of an open directory, one by one for the caller, or as one tree for a writer. */
import type { Unreadable } from '../errors.js'
import { toDisplay, toPath } from '../tree/byte-string.js'
import { type FoundDirectory, type FoundEntry, foundDirectory, foundIn } from '../tree/found-entry.js'
import type { FileNode } from '../tree/node.js'
import { DiskContent, type StreamFound } from './disk-content.js'
import type { ScanControl, ScanResult } from './scan.js'
import type { Pool } from './workers/pool.js'
import type { XattrsRead } from './workers/protocol.js'

/** A path that cannot be packed. */
export interface UnreadableEntry extends Omit<Unreadable, 'path'> {
  /** Text if the path is UTF-8, else bytes. */
  readonly path: string | Uint8Array
  /** A directory that cannot be listed; null if the type is unknown, or not supported by squashfs. */
  readonly directory: FoundDirectory | null
}

/** The pool and settings of a writer, which the scan of its directory uses. */
export interface LentScan {
  readonly pool: Pool
  readonly xattrs: XattrsRead
  readonly control: ScanControl
}

/** Scans the directory, unless it was already scanned. It uses its own threads if a writer lends none. */
export type ScanOnce = (lent: LentScan | null) => Promise<ScanResult>

export class FoundEntries implements AsyncIterable<FoundEntry> {
  /** Whether nobody can read these entries any more, so that the writer may change the tree in place. */
  readonly areSpent: () => boolean
  readonly #scan: ScanOnce
  readonly #stream: StreamFound

  constructor(scan: ScanOnce, stream: StreamFound, areSpent: () => boolean) {
    this.#scan = scan
    this.#stream = stream
    this.areSpent = areSpent
  }

  /** Not a generator, which would await three promises for each of half a million entries. */
  [Symbol.asyncIterator](): AsyncIterator<FoundEntry> {
    let found: Iterator<FoundEntry, undefined> | null = null
    return {
      next: async () => {
        found ??= foundIn((await this.#scan(null)).root, (file) => this.#contentOf(file))
        return found.next()
      },
    }
  }

  async unreadable(): Promise<readonly UnreadableEntry[]> {
    const { missing } = await this.#scan(null)
    return missing.map(({ path, failure, directory }) => ({
      ...failure,
      path: toPath(path),
      directory: directory && foundDirectory(path === '' ? '.' : path, directory, 0),
    }))
  }

  /** All entries as one tree, for a writer. */
  async scanned(
    lent: LentScan,
  ): Promise<Pick<ScanResult, 'root'> & { readonly missing: readonly Unreadable[] }> {
    const { root, missing } = await this.#scan(lent)
    return { root, missing: missing.map(({ path, failure }) => ({ path: toDisplay(path), ...failure })) }
  }

  /** The same entries, for a writer that may change the tree in place. */
  asSpent(): FoundEntries {
    return new FoundEntries(this.#scan, this.#stream, () => true)
  }

  #contentOf({ size, content }: FileNode): DiskContent {
    if (content.kind !== 'disk') throw new TypeError('a scan finds files on disk')
    return new DiskContent(size, content, this.#stream)
  }
}

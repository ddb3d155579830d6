/** Found entries: what lies in an open directory, for a program entry by entry, and for a writer as one tree. */

import type { Unreadable } from '../errors.js'
import { toDisplay, toPath } from '../tree/byte-string.js'
import { type FoundDirectory, type FoundEntry, foundDirectory, foundIn } from '../tree/found-entry.js'
import type { FileNode } from '../tree/node.js'
import { DiskContent, type StreamFound } from './disk-content.js'
import type { ScanControl, ScanResult } from './scan.js'
import type { Pool } from './workers/pool.js'
import type { XattrsRead } from './workers/protocol.js'

/** What is there and cannot be packed. */
export interface UnreadableEntry extends Omit<Unreadable, 'path'> {
  /** Text where it is UTF-8, bytes where it is not. */
  readonly path: string | Uint8Array
  /** A directory that cannot be listed; null where not even a type is known, or none that squashfs has. */
  readonly directory: FoundDirectory | null
}

/** What a writer lends to the scan of the directory that it packs. */
export interface LentScan {
  readonly pool: Pool
  readonly xattrs: XattrsRead
  readonly control: ScanControl
}

/** Scans the directory unless that was done; with threads of its own where none are lent. */
export type ScanOnce = (lent: LentScan | null) => Promise<ScanResult>

export class FoundEntries implements AsyncIterable<FoundEntry> {
  /** Whether nobody asks for these entries any more, so that the tree as it was found may become that of an image. */
  readonly areSpent: () => boolean
  readonly #scan: ScanOnce
  readonly #stream: StreamFound

  constructor(scan: ScanOnce, stream: StreamFound, areSpent: () => boolean) {
    this.#scan = scan
    this.#stream = stream
    this.areSpent = areSpent
  }

  /** Without a generator, which would wait three times for each of half a million entries. */
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

  /** For a writer: all of it as one tree. */
  async scanned(
    lent: LentScan,
  ): Promise<Pick<ScanResult, 'root'> & { readonly missing: readonly Unreadable[] }> {
    const { root, missing } = await this.#scan(lent)
    return { root, missing: missing.map(({ path, failure }) => ({ path: toDisplay(path), ...failure })) }
  }

  /** The same entries for the one writer that will have them. */
  handOver(): FoundEntries {
    return new FoundEntries(this.#scan, this.#stream, () => true)
  }

  #contentOf({ size, content }: FileNode): DiskContent {
    if (content.kind !== 'disk') throw new TypeError('a scan finds files on disk')
    return new DiskContent(size, content, this.#stream)
  }
}

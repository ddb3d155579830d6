/**
 * Open files: the file and the directory that were opened last stay open, since the parts of a large file come one after
 * another, and so do the files of a directory. Each is proven to be what was found.
 */

import type { DirectoryOnDisk, Identity } from '../../tree/node.js'
import type { SourceCalls, SourceDirectory } from '../filesystem.js'
import { changeSince, differsInCtimeAlone, inodeOf } from '../identity.js'
import type { CallTimer } from './call-timer.js'
import { ChangedError } from './failure.js'
import type { FilePlace } from './protocol.js'

/** How often a file is read that gets or loses names while it is read. */
const MOST_READS = 10

export interface OpenFiles {
  /**
   * Opens a file, lets `use` read it, and makes sure that it was the file seen before, and unchanged.
   * @param goesOn whether the same file is wanted once more.
   */
  withFile<T>(place: FilePlace, goesOn: boolean, use: (descriptor: number) => T): T
  close(): void
}

export function createOpenFiles(source: SourceCalls, timer: CallTimer): OpenFiles {
  let open: { readonly place: FilePlace; readonly descriptor: number } | null = null
  let entered: { readonly onDisk: DirectoryOnDisk; readonly directory: SourceDirectory } | null = null

  function openFile(place: FilePlace): number {
    if (open && isSamePlace(open.place, place)) return open.descriptor
    closeFile()
    const began = performance.now()
    try {
      const { path, seen } = place.directory
      if (entered?.onDisk.path !== path || entered.onDisk.seen !== seen) {
        leaveDirectory()
        entered = { onDisk: { path, seen }, directory: enterSeen(place.directory, true, source) }
      }
      open = { place, descriptor: entered.directory.open(place.name) }
      return open.descriptor
    } finally {
      timer.count(began)
    }
  }

  /** What `use` makes of a file whose content stayed the same meanwhile. */
  function useUnchanged<T>(atFirst: Identity, descriptor: number, use: (descriptor: number) => T): T {
    let seen = atFirst
    for (let reads = 1; ; reads++) {
      const result = use(descriptor)
      const now = source.identity(descriptor)
      const change = changeSince(seen, now)
      if (change === null) return result
      if (!differsInCtimeAlone(seen, now) || reads === MOST_READS) throw new ChangedError(change)
      seen = now
    }
  }

  function closeFile(): void {
    if (open) source.close(open.descriptor)
    open = null
  }

  function leaveDirectory(): void {
    entered?.directory.close()
    entered = null
  }

  return {
    withFile(place, goesOn, use) {
      try {
        const descriptor = openFile(place)
        const result = useUnchanged(place.seen, descriptor, use)
        if (!goesOn) closeFile()
        return result
      } catch (error) {
        closeFile()
        throw error
      }
    },
    close() {
      closeFile()
      leaveDirectory()
    },
  }
}

export function isSamePlace(one: FilePlace, other: FilePlace): boolean {
  return one.name === other.name && one.directory.path === other.directory.path
}

/**
 * Enters a directory, and makes sure that it is the one that was seen: on the way to it a directory may have been
 * replaced, by a symlink that leads elsewhere above all.
 */
export function enterSeen(
  { path, seen }: DirectoryOnDisk,
  follow: boolean,
  source: SourceCalls,
): SourceDirectory {
  const directory = source.enter(path, follow)
  try {
    if (seen === null || inodeOf(directory.status('').identity) === seen) return directory
    throw new ChangedError('a directory on the way to it was replaced by another after it was found')
  } catch (error) {
    directory.close()
    throw error
  }
}

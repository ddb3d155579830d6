/**
 * Open files: the file and the directory that were opened last stay open, since the parts of a large file come one after
 * another, and so do the files of a directory. Each is proven to be what was found.
 */

import type { FolderOnDisk, Identity } from '../../tree/node.js'
import type { SourceCalls, SourceFolder } from '../filesystem.js'
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
  let entered: { readonly onDisk: FolderOnDisk; readonly folder: SourceFolder } | null = null

  function openFile(place: FilePlace): number {
    if (open && isSamePlace(open.place, place)) return open.descriptor
    closeFile()
    const began = performance.now()
    try {
      const { path, seen } = place.folder
      if (entered?.onDisk.path !== path || entered.onDisk.seen !== seen) {
        leaveDirectory()
        entered = { onDisk: { path, seen }, folder: enterSeen(place.folder, true, source) }
      }
      open = { place, descriptor: entered.folder.open(place.name) }
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
    entered?.folder.close()
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
  return one.name === other.name && one.folder.path === other.folder.path
}

/**
 * Enters a directory, and makes sure that it is the one that was seen: on the way to it a directory may have been
 * replaced, by a symlink that leads elsewhere above all.
 */
export function enterSeen({ path, seen }: FolderOnDisk, follow: boolean, source: SourceCalls): SourceFolder {
  const folder = source.enter(path, follow)
  try {
    if (seen === null || inodeOf(folder.status('').identity) === seen) return folder
    throw new ChangedError('a directory on the way to it was replaced by another after it was found')
  } catch (error) {
    folder.close()
    throw error
  }
}

/**
 * Open files: opens files and verifies that each is the one that the scan found. The last file stays open, since the parts of a
 * large file are read one after another.
 */
import type { Identity } from '../../tree/node.js'
import type { SourceCalls } from '../filesystem.js'
import { changeSince, differsInCtimeAlone } from '../identity.js'
import type { CallTimer } from './call-timer.js'
import { EnteredDirectories } from './entered-directories.js'
import { ChangedError } from './failure.js'
import type { FilePlace } from './protocol.js'

/** Maximum number of reads of a file that gains or loses names while it is read. */
const MAX_READS = 10

export interface OpenFiles {
  /**
   * Opens a file, calls `use` to read it, and verifies that it is unchanged since the scan.
   * @param goesOn whether the next call is for the same file.
   */
  withFile<T>(place: FilePlace, goesOn: boolean, use: (descriptor: number) => T): T
  close(): void
}

export function createOpenFiles(source: SourceCalls, timer: CallTimer): OpenFiles {
  // Not those that the scan keeps open: a directory that was replaced since is noticed when it is entered again.
  const directories = new EnteredDirectories(source)
  let open: { readonly place: FilePlace; readonly descriptor: number } | null = null

  function openFile(place: FilePlace): number {
    if (open && isSamePlace(open.place, place)) return open.descriptor
    closeFile()
    const began = performance.now()
    try {
      open = { place, descriptor: directories.enter(place.directory, true).open(place.name) }
      return open.descriptor
    } finally {
      timer.count(began)
    }
  }

  /** Calls `use`, again if only ctime has changed during the call. */
  function useUnchanged<T>(atFirst: Identity, descriptor: number, use: (descriptor: number) => T): T {
    let seen = atFirst
    for (let reads = 1; ; reads++) {
      const result = use(descriptor)
      const now = source.identity(descriptor)
      const change = changeSince(seen, now)
      if (change === null) return result
      if (!differsInCtimeAlone(seen, now) || reads === MAX_READS) throw new ChangedError(change)
      seen = now
    }
  }

  function closeFile(): void {
    if (open) source.close(open.descriptor)
    open = null
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
      directories.close()
    },
  }
}

export function isSamePlace(one: FilePlace, other: FilePlace): boolean {
  return one.name === other.name && one.directory.path === other.directory.path
}

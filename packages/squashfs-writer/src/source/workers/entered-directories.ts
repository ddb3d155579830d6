/**
 * Entered directories: keeps the directories open that a thread used last, and enters another one from the nearest of them. On
 * a filesystem that does not cache names, every component of a path is a request.
 */
import type { ByteString } from '../../tree/byte-string.js'
import type { DirectoryOnDisk } from '../../tree/node.js'
import { type SourceCalls, type SourceDirectory, splitPath } from '../filesystem.js'
import { inodeOf } from '../identity.js'
import { ChangedError } from './failure.js'

/** Maximum number of open directories: enough for the path to a deep package, and some directories beside it. */
export const MAX_ENTERED = 12

interface Entered {
  readonly directory: SourceDirectory
  /** The inode that it was verified to be; null if it was not verified. */
  seen: ByteString | null
}

export class EnteredDirectories {
  readonly #source: SourceCalls
  /** The open directories by path, the last used one last. */
  readonly #entered = new Map<ByteString, Entered>()

  constructor(source: SourceCalls) {
    this.#source = source
  }

  /**
   * Enters a directory, and verifies that it is the one that the scan found: a directory on the path may have been replaced, for
   * example by a symlink. The result is valid until the next call.
   * @param follow whether a symlink to a directory is followed.
   */
  enter(place: DirectoryOnDisk, follow: boolean): SourceDirectory {
    if (this.#entered.size === 0) return this.#enterVerified(place, follow)
    try {
      return this.#enterVerified(place, follow)
    } catch {
      // An open directory may have been replaced on disk: enter it again by its path.
      this.close()
      return this.#enterVerified(place, follow)
    }
  }

  close(): void {
    for (const { directory } of this.#entered.values()) directory.close()
    this.#entered.clear()
  }

  #enterVerified({ path, seen, prefixLength = 0 }: DirectoryOnDisk, follow: boolean): SourceDirectory {
    const entered = this.#find(path) ?? this.#enterFromNearest(path, prefixLength, follow)
    if (seen !== null && seen !== entered.seen) {
      if (inodeOf(entered.directory.status('').identity) !== seen)
        throw new ChangedError('a directory on the way to it was replaced by another after it was found')
      entered.seen = seen
    }
    return entered.directory
  }

  /** @param prefixLength start of the path within the packed directory; 0 for a path outside of one. */
  #enterFromNearest(path: ByteString, prefixLength: number, follow: boolean): Entered {
    const missing: ByteString[] = []
    let nearest: Entered | undefined
    let at = path
    while (!nearest && at.length > prefixLength && missing.length < MAX_ENTERED) {
      const { directory, name } = splitPath(at)
      missing.unshift(name)
      at = directory
      nearest = this.#find(at)
    }
    if (prefixLength === 0 || (!nearest && at.length > prefixLength))
      return this.#keep(path, this.#source.enter(path, follow))
    nearest ??= this.#keep(at, this.#source.enter(at, follow || missing.length > 0))
    for (const [n, name] of missing.entries()) {
      at = `${at}/${name}`
      nearest = this.#keep(at, nearest.directory.enter(name, follow || n < missing.length - 1))
    }
    return nearest
  }

  #find(path: ByteString): Entered | undefined {
    const entered = this.#entered.get(path)
    if (!entered) return undefined
    this.#entered.delete(path)
    this.#entered.set(path, entered)
    return entered
  }

  #keep(path: ByteString, directory: SourceDirectory): Entered {
    const entered = { directory, seen: null }
    this.#entered.set(path, entered)
    if (this.#entered.size > MAX_ENTERED) {
      const [oldest, { directory: unused }] = this.#entered.entries().next().value!
      this.#entered.delete(oldest)
      unused.close()
    }
    return entered
  }
}

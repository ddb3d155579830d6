/**
 * Entered directories: those that a thread used last stay open, and another one is entered from the nearest of them. A
 * filesystem that caches no names is asked for every component of a path, each time.
 */
import type { ByteString } from '../../tree/byte-string.js'
import type { DirectoryOnDisk } from '../../tree/node.js'
import { type SourceCalls, type SourceDirectory, splitPath } from '../filesystem.js'
import { inodeOf } from '../identity.js'
import { ChangedError } from './failure.js'

/** Directories that stay open: those on the path to one of a deep package, and some beside them. */
export const MOST_ENTERED = 12

interface Entered {
  readonly directory: SourceDirectory
  /** The inode that it was proven to be; null where nobody asked. */
  seen: ByteString | null
}

export class EnteredDirectories {
  readonly #source: SourceCalls
  /** By path; the one that was used last comes last. */
  readonly #entered = new Map<ByteString, Entered>()

  constructor(source: SourceCalls) {
    this.#source = source
  }

  /**
   * A directory, proven to be the one that was seen: on the path to it a directory may have been replaced, by a symlink that
   * leads elsewhere above all. It may be used until the next call.
   * @param follow whether a symlink to a directory will do.
   */
  enter(place: DirectoryOnDisk, follow: boolean): SourceDirectory {
    if (this.#entered.size === 0) return this.#enterProven(place, follow)
    try {
      return this.#enterProven(place, follow)
    } catch {
      // A directory that stayed open may have been replaced since; the path as it is now decides.
      this.close()
      return this.#enterProven(place, follow)
    }
  }

  close(): void {
    for (const { directory } of this.#entered.values()) directory.close()
    this.#entered.clear()
  }

  #enterProven({ path, seen, above = 0 }: DirectoryOnDisk, follow: boolean): SourceDirectory {
    const entered = this.#find(path) ?? this.#enterFromNearest(path, above, follow)
    if (seen !== null && seen !== entered.seen) {
      if (inodeOf(entered.directory.status('').identity) !== seen)
        throw new ChangedError('a directory on the way to it was replaced by another after it was found')
      entered.seen = seen
    }
    return entered.directory
  }

  /** @param above where the names within the directory that is packed begin in the path; 0 where it is in none. */
  #enterFromNearest(path: ByteString, above: number, follow: boolean): Entered {
    const missing: ByteString[] = []
    let nearest: Entered | undefined
    let at = path
    while (!nearest && at.length > above && missing.length < MOST_ENTERED) {
      const { directory, name } = splitPath(at)
      missing.unshift(name)
      at = directory
      nearest = this.#find(at)
    }
    if (above === 0 || (!nearest && at.length > above))
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
    if (this.#entered.size > MOST_ENTERED) {
      const [oldest, { directory: unused }] = this.#entered.entries().next().value!
      this.#entered.delete(oldest)
      unused.close()
    }
    return entered
  }
}

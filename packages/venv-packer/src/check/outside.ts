/** What lies outside of an environment, as far as it leads there: links, interpreters, library paths. */
import { accessSync, constants, realpathSync } from 'node:fs'
import type { ByteString } from 'squashfs-writer/paths'
import { diskPath } from '../environment/disk-path.js'

export interface Outside {
  /** Whether an absolute path is there; what may not be looked at is not. */
  readonly exists: (path: ByteString) => boolean
  /** With all symlinks followed; as it is where it does not exist. */
  readonly realPath: (path: ByteString) => ByteString
}

/** Asks the file system, about each path once. */
export function lookOutside(): Outside {
  return {
    exists: remembered((path) => succeeds(() => accessSync(diskPath(path), constants.F_OK))),
    realPath: remembered((path) => {
      try {
        return realpathSync(diskPath(path), { encoding: 'latin1' })
      } catch {
        return path
      }
    }),
  }
}

function succeeds(call: () => void): boolean {
  try {
    call()
    return true
  } catch {
    return false
  }
}

function remembered<T>(find: (path: ByteString) => T): (path: ByteString) => T {
  const known = new Map<ByteString, T>()
  return (path) => {
    const found = known.get(path) ?? find(path)
    known.set(path, found)
    return found
  }
}

/** Judges paths outside of the environment: whether they exist here, and whether other nodes are likely to have them. */
import { accessSync, constants, realpathSync } from 'node:fs'
import type { ByteString } from 'squashfs-writer/paths'
import { diskPath } from '../environment/paths.js'

export interface Outside {
  /** Whether an absolute path exists, and the user may access it. */
  readonly exists: (path: ByteString) => boolean
  /** The path with all symlinks followed; unchanged if it does not exist. */
  readonly realPath: (path: ByteString) => ByteString
}

/** Asks the file system once for each path. */
export function outsideOnDisk(): Outside {
  return {
    exists: memoized((path) => succeeds(() => accessSync(diskPath(path), constants.F_OK))),
    realPath: memoized((path) => {
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

function memoized<T>(find: (path: ByteString) => T): (path: ByteString) => T {
  const known = new Map<ByteString, T>()
  return (path) => {
    const found = known.get(path) ?? find(path)
    known.set(path, found)
    return found
  }
}

/**
 * The kind of place that a path leads to:
 * - `uenv`: in a user environment (https://github.com/eth-cscs/uenv2), which exists while that is mounted;
 * - `temporary`: in memory or on a local disk of this node;
 * - `home`: in someone's home directory;
 * - `shared`: anywhere else.
 */
export type Locality = 'uenv' | 'temporary' | 'home' | 'shared'

export const UENV_MOUNT = '/user-environment'

const TEMPORARY_DIRECTORIES = ['/tmp', '/var/tmp', '/dev/shm', '/run']
/** `/home/me`, `/users/me`, `/cluster/home/me`, and root's. */
const COMMON_HOME = /^(?:\/[^/]+)?\/(?:home|homes|users|Users)\/[^/]+\/|^\/root\//

/** @param homes known home directories. Others are recognized by common names. */
export function localityOf(path: ByteString, homes: readonly ByteString[]): Locality {
  if (isBelow(path, UENV_MOUNT)) return 'uenv'
  if (TEMPORARY_DIRECTORIES.some((directory) => isBelow(path, directory))) return 'temporary'
  return COMMON_HOME.test(path) || homes.some((home) => isBelow(path, home)) ? 'home' : 'shared'
}

/** Whether `path` is `directory` or below it. */
export function isBelow(path: ByteString, directory: ByteString): boolean {
  if (!path.startsWith(directory)) return false
  return path.length === directory.length || path[directory.length] === '/' || directory === '/'
}

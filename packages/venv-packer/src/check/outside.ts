/** Paths outside of the environment: whether they exist here, and whether another node is likely to have them. */
import { accessSync, constants, realpathSync } from 'node:fs'
import type { ByteString } from 'squashfs-writer/paths'
import { diskPath } from '../environment/paths.js'

export interface Outside {
  /** Whether an absolute path is there; a path that may not be looked at is not. */
  readonly exists: (path: ByteString) => boolean
  /** With all symlinks followed; as it is where it does not exist. */
  readonly realPath: (path: ByteString) => ByteString
}

/** Asks the file system, about each path once. */
export function outsideOnDisk(): Outside {
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

/**
 * - `uenv`: in a user environment (https://github.com/eth-cscs/uenv2), there while it is mounted;
 * - `temporary`: in memory or on the disk of this one node;
 * - `home`: in someone's home directory;
 * - `shared`: anywhere else.
 */
export type Locality = 'uenv' | 'temporary' | 'home' | 'shared'

export const UENV_MOUNT = '/user-environment'

const TEMPORARY_DIRECTORIES = ['/tmp', '/var/tmp', '/dev/shm', '/run']
/** `/home/me`, `/users/me`, `/cluster/home/me`, and root's. */
const USUAL_HOME = /^(?:\/[^/]+)?\/(?:home|homes|users|Users)\/[^/]+\/|^\/root\//

/** @param homes home directories that are known; others are known by their usual names. */
export function localityOf(path: ByteString, homes: readonly ByteString[]): Locality {
  if (isBelow(path, UENV_MOUNT)) return 'uenv'
  if (TEMPORARY_DIRECTORIES.some((directory) => isBelow(path, directory))) return 'temporary'
  return USUAL_HOME.test(path) || homes.some((home) => isBelow(path, home)) ? 'home' : 'shared'
}

/** Whether a path is a directory or lies in it; both absolute. */
export function isBelow(path: ByteString, directory: ByteString): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`)
}

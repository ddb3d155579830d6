/** Locality: whether a path outside of the environment is likely to be there on another node, too. */
import type { ByteString } from 'squashfs-writer/paths'

/**
 * - `uenv`: in a user environment (https://github.com/eth-cscs/uenv2), there while it is mounted;
 * - `temporary`: in memory or on the disk of this one node;
 * - `home`: in someone's home directory;
 * - `shared`: anywhere else.
 */
export type Locality = 'uenv' | 'temporary' | 'home' | 'shared'

export const uenvMount = '/user-environment'

const temporaryFolders = ['/tmp', '/var/tmp', '/dev/shm', '/run']
/** `/home/me`, `/users/me`, `/cluster/home/me`, and root's. */
const usualHome = /^(?:\/[^/]+)?\/(?:home|homes|users|Users)\/[^/]+\/|^\/root\//

/** @param homes home directories that are known; others are known by their usual names. */
export function localityOf(path: ByteString, homes: readonly ByteString[]): Locality {
  if (isBelow(path, uenvMount)) return 'uenv'
  if (temporaryFolders.some((folder) => isBelow(path, folder))) return 'temporary'
  return usualHome.test(path) || homes.some((home) => isBelow(path, home)) ? 'home' : 'shared'
}

/** Whether a path is a folder or lies in it; both absolute. */
export function isBelow(path: ByteString, folder: ByteString): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`)
}

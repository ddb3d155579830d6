/** Permission: whether a file looks as if the current user could read it. */
import type { DiskEntry } from 'squashfs-writer'

export type LooksReadable = (file: Pick<DiskEntry, 'mode' | 'uid' | 'gid'>) => boolean

/**
 * Makes the test, by permission bits alone, and for root as for anyone: opening each file would take as long as all else.
 * Whoever does not pass it may be able to read the file all the same.
 */
export function permissionTest(): LooksReadable {
  const user = process.geteuid?.() ?? 0
  const groups = new Set([process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])])
  return ({ mode, uid, gid }) => {
    const bit = uid === user ? 0o400 : groups.has(gid) ? 0o040 : 0o004
    return (mode & bit) !== 0
  }
}

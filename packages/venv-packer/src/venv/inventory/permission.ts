/** Permission: whether the current user may read a file, without opening it. */
import { accessSync, constants } from 'node:fs'
import type { DiskEntry } from 'squashfs-writer'
import type { ByteString } from 'squashfs-writer/paths'
import { systemErrorCode } from '../../errors/system-errors.js'
import { diskPath } from '../disk-path.js'
import type { Entry } from './entry.js'

export type MayRead = (file: Pick<DiskEntry, 'path' | 'mode' | 'uid' | 'gid'>) => Entry['failure']

/**
 * Makes the test. Where a file's permission bits let the user read it, and they are those of anyone for root, too, the
 * system is not asked: a call for each file would take as long as all else.
 * @param root the folder in which the files lie.
 * @returns a function that gives the system's code and words where it says no.
 */
export function readPermission(root: ByteString): MayRead {
  const user = process.geteuid?.() ?? 0
  const groups = new Set([process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])])
  return ({ path, mode, uid, gid }) => {
    const bit = uid === user ? 0o400 : groups.has(gid) ? 0o040 : 0o004
    if ((mode & bit) !== 0) return null
    try {
      accessSync(diskPath(`${root}/${path}`), constants.R_OK)
      return null
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === undefined) throw error
      return { code, message: 'it cannot be read' }
    }
  }
}

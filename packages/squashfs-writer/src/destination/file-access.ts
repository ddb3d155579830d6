/** File access: owner, group, permission bits and access ACL of the file that an image becomes. */
import { type FileHandle, lstat, open, unlink } from 'node:fs/promises'
import { nameOfErrno, systemCode } from '../system-error.js'
import { ACCESS_ACL, modeWithoutAcl, withGroupLikeOthers } from '../tree/access-acl.js'

export interface FileAccess {
  readonly uid: number
  readonly gid: number
  /** The nine permission bits. */
  readonly mode: number
  /** The value of the xattr that holds it; null without one. */
  readonly acl: Uint8Array | null
}

/** Access of a file that is there; null where none is. */
export async function accessOf(path: string, acls: AclCalls): Promise<FileAccess | null> {
  const found = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null
    throw error
  })
  if (!found) return null
  return { uid: found.uid, gid: found.gid, mode: found.mode & 0o777, acl: acls.get(path) }
}

/**
 * The access that a new file gets in a directory, by its default ACL or else the umask. Only the kernel knows it, so an empty
 * file is made and removed again.
 * @param path a name that is not in use yet.
 */
export async function accessOfNewFile(path: string, acls: AclCalls): Promise<FileAccess | null> {
  const file = await open(path, 'wx', 0o666)
  try {
    return await accessOf(path, acls)
  } finally {
    await file.close().finally(() => unlink(path))
  }
}

/**
 * Gives a file of this process, which only its owner may open so far, the access wanted, as far as the system allows. A
 * refusal narrows the access and never widens it.
 * @returns what was refused, in words.
 */
export async function giveAccess(file: FileHandle, wanted: FileAccess, acls: AclCalls): Promise<string[]> {
  const refused: string[] = []
  const hasGroup = await giveOwner()
  // Another group would get what that of the old file had.
  const mode = hasGroup ? wanted.mode : wanted.mode & ~((~wanted.mode & 0o007) << 3)
  const acl = wanted.acl && !hasGroup ? withGroupLikeOthers(wanted.acl) : wanted.acl
  if (acl && acls.set(file.fd, acl)) return refused // permission bits are a part of it
  if (acl) refused.push('its ACL could not be set')
  if (acls.remove(file.fd)) await giveMode(acl ? modeWithoutAcl(mode, acl) : mode)
  else refused.push('the ACL of its directory could not be removed from it; its owner alone may read it')
  return refused

  /** @returns whether the group is the one that is wanted. */
  async function giveOwner(): Promise<boolean> {
    const { uid, gid } = await file.stat()
    if (uid === wanted.uid && gid === wanted.gid) return true
    if (await isAllowed(() => file.chown(wanted.uid, wanted.gid))) return true
    const hasGroup = gid === wanted.gid || (await isAllowed(() => file.chown(uid, wanted.gid)))
    if (uid !== wanted.uid) refused.push(`its owner could not be set to ${wanted.uid}`)
    if (!hasGroup) refused.push(`its group could not be set to ${wanted.gid}`)
    return hasGroup
  }

  async function giveMode(mode: number): Promise<void> {
    if (await isAllowed(() => file.chmod(mode))) return
    refused.push(`its permissions could not be set to ${mode.toString(8)}`)
  }
}

/** Answers of a system that does not let this user change the access of a file, or has none. */
const REFUSALS: readonly (string | undefined)[] = [
  'EPERM',
  'EACCES',
  'EINVAL',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
]

async function isAllowed(act: () => Promise<void>): Promise<boolean> {
  try {
    await act()
    return true
  } catch (error) {
    if (REFUSALS.includes(systemCode(error))) return false
    throw error
  }
}

/** The calls for access ACLs, for which Node has none. Those of an open file return whether the system allowed it. */
export interface AclCalls {
  readonly get: (path: string) => Uint8Array | null
  readonly set: (descriptor: number, acl: Uint8Array) => boolean
  /** Also done where there is none. */
  readonly remove: (descriptor: number) => boolean
}

/** Bytes of a value that is read: Linux' own limit (XATTR_SIZE_MAX). */
const VALUE_ROOM = 65_536

export async function loadAclCalls(): Promise<AclCalls> {
  if (process.platform !== 'linux') return { get: () => null, set: () => false, remove: () => true }
  const { default: koffi } = await import('koffi')
  const libc = koffi.load(null)
  const getxattr = libc.func(
    'int64_t lgetxattr(const char *path, const char *name, void *value, size_t size)',
  )
  const setxattr = libc.func(
    'int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)',
  )
  const removexattr = libc.func('int fremovexattr(int fd, const char *name)')

  /** The error of the last call, which failed, unless the disk has failed. */
  const refusal = () => {
    const { code, words } = nameOfErrno(koffi.errno())
    if (code === 'ENODATA' || REFUSALS.includes(code)) return code
    throw Object.assign(new Error(`${code}: ${words}`), { code })
  }
  return {
    get(path) {
      const value = new Uint8Array(VALUE_ROOM)
      const length = Number(getxattr(path, ACCESS_ACL, value, VALUE_ROOM))
      if (length >= 0) return value.slice(0, length)
      refusal()
      return null
    },
    set(descriptor, acl) {
      if (setxattr(descriptor, ACCESS_ACL, acl, acl.length, 0) === 0) return true
      refusal()
      return false
    },
    remove(descriptor) {
      if (removexattr(descriptor, ACCESS_ACL) === 0) return true
      return !['EPERM', 'EACCES'].includes(refusal())
    },
  }
}

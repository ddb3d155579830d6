/** File access: gives the image file its owner, group, permission bits and access ACL. */
import { type FileHandle, lstat, open, unlink } from 'node:fs/promises'
import { nameOfErrno, systemCode } from '../system-error.js'
import { ACCESS_ACL, modeWithoutAcl, withGroupLikeOthers } from '../tree/access-acl.js'

export interface FileAccess {
  readonly uid: number
  readonly gid: number
  /** The nine permission bits. */
  readonly mode: number
  /** The value of the xattr with the access ACL; null if there is none. */
  readonly acl: Uint8Array | null
}

/** The access of a file; null if it does not exist. */
export async function accessOf(path: string, acls: AclCalls): Promise<FileAccess | null> {
  const found = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null
    throw error
  })
  if (!found) return null
  return { uid: found.uid, gid: found.gid, mode: found.mode & 0o777, acl: acls.get(path) }
}

/**
 * The access that a new file gets, by the default ACL of its directory or the umask. Only the kernel knows it, so this creates
 * an empty file and removes it.
 * @param path an unused name in the directory.
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
 * Sets the access of a file that only its owner can open yet, as far as the system allows. If the system refuses a part of it,
 * fewer people have access, never more.
 * @returns a message for each refusal.
 */
export async function giveAccess(file: FileHandle, wanted: FileAccess, acls: AclCalls): Promise<string[]> {
  const refused: string[] = []
  const hasGroup = await giveOwner()
  // Another group must not get the rights of the old file's group.
  const mode = hasGroup ? wanted.mode : wanted.mode & ~((~wanted.mode & 0o007) << 3)
  const acl = wanted.acl && !hasGroup ? withGroupLikeOthers(wanted.acl) : wanted.acl
  if (acl && acls.set(file.fd, acl)) return refused // the ACL includes the permission bits
  if (acl) refused.push('its ACL could not be set')
  if (acls.remove(file.fd)) await giveMode(acl ? modeWithoutAcl(mode, acl) : mode)
  else refused.push('the ACL of its directory could not be removed from it; its owner alone may read it')
  return refused

  /** @returns whether the file has the wanted group. */
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

/** Errors of a system that does not let this user change the access of a file, or does not support it. */
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

/** Calls for access ACLs, which Node does not have. `set` and `remove` return whether the system allowed it. */
export interface AclCalls {
  readonly get: (path: string) => Uint8Array | null
  readonly set: (descriptor: number, acl: Uint8Array) => boolean
  /** Returns true if there is no ACL. */
  readonly remove: (descriptor: number) => boolean
}

/** Maximum size of an xattr value (XATTR_SIZE_MAX of Linux). */
const MAX_VALUE_SIZE = 65_536

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

  /** The code of the last call's error. @throws unless the call was refused, or there is no ACL. */
  const refusal = () => {
    const { code, words } = nameOfErrno(koffi.errno())
    if (code === 'ENODATA' || REFUSALS.includes(code)) return code
    throw Object.assign(new Error(`${code}: ${words}`), { code })
  }
  return {
    get(path) {
      const value = new Uint8Array(MAX_VALUE_SIZE)
      const length = Number(getxattr(path, ACCESS_ACL, value, MAX_VALUE_SIZE))
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

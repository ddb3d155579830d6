/**
 * Access ACL: the rights that a POSIX access ACL grants, as far as permission bits can say them.
 *
 * The format cannot hold ACLs. Of a file that has one, the group's permission bits show the ACL's mask: the most that
 * any group and any named user has. Kept without the ACL they would give the owning group what others were given.
 */
import { viewOf } from '../format/byte-order.js'
import type { ByteString } from './byte-string.js'

export const ACCESS_ACL: ByteString = 'system.posix_acl_access'

/** Layout and tags of the value (linux/posix_acl_xattr.h): u32 version, then u16 tag, u16 permissions, u32 id for each entry. */
const VERSION = 2
const HEADER_SIZE = 4
const ENTRY_SIZE = 8
const Tag = { USER: 0x02, GROUP_OBJ: 0x04, GROUP: 0x08, MASK: 0x10, OTHER: 0x20 } as const

const ALL = 0o7
/** Nobody can write into an image, so a right to write does not count. */
const WRITE = 0o2

/**
 * The permission bits of a file whose access ACL is left out: they grant no right to read or execute that the ACL did not grant.
 *
 * - The owning group keeps what it has through `group::` and the mask together.
 * - A named user or group counts among the owning group or the others afterwards. So these keep no more than each named
 *   entry has: `user:guest:---` takes the right to read from the others as well. For the owning group that goes for named
 *   users alone, since someone in several groups has the rights of all of them.
 *
 * @param mode permission bits, of which the group's are the mask's.
 * @param acl the value of the xattr. From one that is not of the layout above follow no rights but the owner's.
 */
export function modeWithoutAcl(mode: number, acl: Uint8Array): number {
  const entries = decodeEntries(acl)
  if (!entries) return mode & ~0o077
  const [group] = entries.filter(({ tag }) => tag === Tag.GROUP_OBJ)
  const [mask] = entries.filter(({ tag }) => tag === Tag.MASK)
  const most = mask?.permissions ?? ALL
  const leastOf = (...tags: readonly number[]) =>
    entries
      .filter(({ tag }) => tags.includes(tag))
      .reduce((least, { permissions }) => least & ((permissions & most) | WRITE), ALL)
  const groupBits = (group?.permissions ?? 0) & most & leastOf(Tag.USER)
  const otherBits = mode & leastOf(Tag.USER, Tag.GROUP)
  return (mode & ~0o077) | (groupBits << 3) | otherBits
}

/** The ACL for a file of another group: that has no more than the others have. */
export function withGroupLikeOthers(acl: Uint8Array): Uint8Array {
  const entries = decodeEntries(acl) ?? []
  const others = entries.find(({ tag }) => tag === Tag.OTHER)?.permissions ?? 0
  const changed = Uint8Array.from(acl)
  for (const [n, { tag, permissions }] of entries.entries()) {
    if (tag === Tag.GROUP_OBJ)
      viewOf(changed).setUint16(HEADER_SIZE + n * ENTRY_SIZE + 2, permissions & others, true)
  }
  return changed
}

interface AclEntry {
  readonly tag: number
  readonly permissions: number
}

function decodeEntries(acl: Uint8Array): readonly AclEntry[] | null {
  const view = viewOf(acl)
  if (acl.length < HEADER_SIZE || (acl.length - HEADER_SIZE) % ENTRY_SIZE !== 0) return null
  if (view.getUint32(0, true) !== VERSION) return null
  return Array.from({ length: (acl.length - HEADER_SIZE) / ENTRY_SIZE }, (_, n) => {
    const at = HEADER_SIZE + n * ENTRY_SIZE
    return { tag: view.getUint16(at, true), permissions: view.getUint16(at + 2, true) & ALL }
  })
}

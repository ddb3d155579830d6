/**
 * Access ACL: expresses the rights of a POSIX access ACL as permission bits, as far as possible.
 *
 * squashfs cannot hold ACLs. The group bits of a file with an ACL are the mask of the ACL: the upper limit for all groups and
 * named users. If they were kept without the ACL, the owning group would get rights that only others had.
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
/** Write permission has no effect in an image, so it is ignored. */
const WRITE = 0o2

/**
 * The permission bits for a file without its access ACL. They grant no right to read or execute that the ACL did not grant.
 *
 * - The owning group keeps the rights that both `group::` and the mask grant.
 * - Without the ACL, a named user or group has the rights of the owning group or of others. So these bits are limited to the
 *   rights of each named entry: `user:guest:---` removes the right to read from others, too. The owning group is limited by
 *   named users only, since a user in several groups has the rights of all of them.
 *
 * @param mode permission bits; the group bits are the mask.
 * @param acl the value of the xattr. If it does not have the layout above, only the owner keeps rights.
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

/** The ACL for a file whose group is another one: the group gets no more rights than others have. */
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

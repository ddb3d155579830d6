import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { modeWithoutAcl } from './access-acl.js'

/** One entry: a tag, permissions, and a user or group. */
interface AclEntry {
  readonly tag: number
  readonly permissions: number
  readonly id?: number
}
const [USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20] as const

describe('the mode of a file without its ACL', () => {
  const acl = (...entries: (readonly [tag: number, permissions: number])[]) =>
    encode(entries.map(([tag, permissions]) => ({ tag, permissions })))

  it.each<[string, number, Uint8Array, number]>([
    [
      'what the mask shows is not what the group has',
      0o640,
      acl([USER_OBJ, 6], [USER, 4], [GROUP_OBJ, 0], [MASK, 4], [OTHER, 0]),
      0o600,
    ],
    [
      'what the mask takes from the group stays taken',
      0o640,
      acl([USER_OBJ, 6], [USER, 6], [GROUP_OBJ, 7], [MASK, 4], [OTHER, 0]),
      0o640,
    ],
    ['without a mask the group has its own', 0o654, acl([USER_OBJ, 6], [GROUP_OBJ, 5], [OTHER, 4]), 0o654],
    [
      'a user who may not read is one of the others, and perhaps of the group, afterwards',
      0o674,
      acl([USER_OBJ, 6], [USER, 0], [GROUP_OBJ, 7], [MASK, 7], [OTHER, 4]),
      0o620,
    ],
    [
      'a group that may not read is one of the others',
      0o675,
      acl([USER_OBJ, 6], [GROUP_OBJ, 7], [GROUP, 1], [MASK, 7], [OTHER, 5]),
      0o671,
    ],
    [
      'a right to write is none in an image, and stays as it is',
      0o4666,
      acl([USER_OBJ, 6], [USER, 4], [GROUP_OBJ, 6], [MASK, 6], [OTHER, 6]),
      0o4666,
    ],
    ['what is no ACL gives nobody a right but the owner', 0o1755, Uint8Array.of(1), 0o1700],
    ['what is of another version neither', 0o755, Uint8Array.of(1, 0, 0, 0), 0o700],
  ])('%s', (_, mode, value, becomes) => {
    expect(modeWithoutAcl(mode, value).toString(8)).toBe(becomes.toString(8))
  })

  it('grants no right to read or execute that the ACL did not grant, for any ACL and groups', () => {
    const permissions = fc.nat(7)
    const named = fc.uniqueArray(fc.record({ id: fc.integer({ min: 1, max: 3 }), permissions }), {
      selector: ({ id }) => id,
      maxLength: 3,
    })
    const person = fc.record({ uid: fc.nat(4), gids: fc.uniqueArray(fc.nat(4), { minLength: 1 }) })
    const aclParts = fc.record({ owner: permissions, users: named, group: permissions, groups: named })
    fc.assert(
      fc.property(aclParts, permissions, permissions, person, (parts, mask, other, who) => {
        const entries: AclEntry[] = [
          { tag: USER_OBJ, permissions: parts.owner },
          ...parts.users.map((entry) => ({ tag: USER, ...entry })),
          { tag: GROUP_OBJ, permissions: parts.group },
          ...parts.groups.map((entry) => ({ tag: GROUP, ...entry })),
          { tag: MASK, permissions: mask },
          { tag: OTHER, permissions: other },
        ]
        const mode = (parts.owner << 6) | (mask << 3) | other
        const without = modeWithoutAcl(mode, encode(entries))
        for (const right of [4, 1]) {
          if (allows(without, who, right)) expect(aclAllows(entries, who, right)).toBe(true)
        }
        expect(without & 0o700).toBe(mode & 0o700)
      }),
      { numRuns: 2000 },
    )
  })
})

interface Person {
  readonly uid: number
  readonly gids: readonly number[]
}

/** The file belongs to user 0 and group 0. */
function allows(mode: number, { uid, gids }: Person, right: number): boolean {
  const bits = uid === 0 ? mode >> 6 : gids.includes(0) ? mode >> 3 : mode
  return (bits & right) !== 0
}

/** The access check algorithm of acl(5). */
function aclAllows(entries: readonly AclEntry[], { uid, gids }: Person, right: number): boolean {
  const has = (entry: AclEntry | undefined) => ((entry?.permissions ?? 0) & right) !== 0
  const masked = (entry: AclEntry) => has(entry) && has(entries.find(({ tag }) => tag === MASK))
  if (uid === 0) return has(entries.find(({ tag }) => tag === USER_OBJ))
  const own = entries.find(({ tag, id }) => tag === USER && id === uid)
  if (own) return masked(own)
  const groups = entries.filter(
    ({ tag, id }) => (tag === GROUP_OBJ && gids.includes(0)) || (tag === GROUP && gids.includes(id!)),
  )
  return groups.length > 0 ? groups.some(masked) : has(entries.find(({ tag }) => tag === OTHER))
}

function encode(entries: readonly AclEntry[]): Uint8Array {
  const bytes = new Uint8Array(4 + 8 * entries.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 2, true)
  for (const [n, { tag, permissions, id }] of entries.entries()) {
    view.setUint16(4 + 8 * n, tag, true)
    view.setUint16(6 + 8 * n, permissions, true)
    view.setUint32(8 + 8 * n, id ?? 0xffff_ffff, true)
  }
  return bytes
}

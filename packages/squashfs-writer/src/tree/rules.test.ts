import { describe, expect, it } from 'vitest'
import type { RawAttributes } from './entry.js'
import { compileRules, isPortableXattr, isValueWanted, type Rules } from './rules.js'

const KEEP: Rules = { uid: null, gid: null, time: null, latestTime: null, wantsXattr: () => true }
const RAW: RawAttributes = { mode: 0o4711, uid: 1000, gid: 1001, mtime: 1_700_000_000, xattrs: [] }

const value = Uint8Array.of(1)
const xattrs = (...names: string[]) => names.map((name) => [name, value] as const)

/** A node to which the rules were applied, and their warnings. */
function applied(rules: Partial<Rules>, raw: Partial<RawAttributes>, path = 'a') {
  const { rules: apply, warnings, droppedXattrs } = compileRules({ ...KEEP, ...rules })
  return { attributes: apply(path, { ...RAW, ...raw }), warnings, dropped: Object.fromEntries(droppedXattrs) }
}

describe('metadata without rules', () => {
  it('does not change', () => {
    expect(applied({}, {})).toEqual({
      attributes: { mode: 0o4711, uid: 1000, gid: 1001, mtime: 1_700_000_000, xattrs: null },
      warnings: [],
      dropped: {},
    })
  })
})

describe('an mtime', () => {
  const clampedAt = (seconds: number, clamped: number) => ({
    code: 'CLAMPED_TIME',
    path: 'a',
    message: `mtime ${seconds} is outside of 1970 to 2106, which is what squashfs can hold; it became ${clamped}`,
  })

  it.each([0, 0.25, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32 - 0.001])('%d is kept, in whole seconds', (mtime) => {
    const { attributes, warnings } = applied({}, { mtime })
    expect(attributes.mtime).toBe(Math.floor(mtime))
    expect(warnings).toEqual([])
  })

  it.each([
    [-1, -1, 0],
    [-0.001, -1, 0],
    [-(2 ** 40), -(2 ** 40), 0],
    [2 ** 32, 2 ** 32, 2 ** 32 - 1],
    [2 ** 40 + 0.5, 2 ** 40, 2 ** 32 - 1],
  ])('%d is out of range: it is clamped, with a warning', (mtime, seconds, clamped) => {
    const { attributes, warnings } = applied({}, { mtime })
    expect(attributes.mtime).toBe(clamped)
    expect(warnings).toEqual([clampedAt(seconds, clamped)])
  })

  it('gives one warning for each path, which is printable', () => {
    const { rules, warnings } = compileRules(KEEP)
    rules('a\xff', { ...RAW, mtime: -1 })
    rules('b', RAW)
    rules('c\n', { ...RAW, mtime: -1 })
    expect(warnings.map(({ path }) => path)).toEqual(['a\\xff', 'c\\x0a'])
  })

  it.each([
    [999, 999],
    [1000, 1000],
    [1001, 1000],
    [-5, 0],
    [2 ** 33, 1000],
  ])('%d is clamped to the latest time 1000: %d', (mtime, becomes) => {
    expect(applied({ latestTime: 1000 }, { mtime }).attributes.mtime).toBe(becomes)
  })

  it('becomes 0 if that is the latest time', () => {
    const { attributes, warnings } = applied({ latestTime: 0 }, {})
    expect(attributes.mtime).toBe(0)
    expect(warnings).toEqual([])
  })

  it('gives a warning with the resulting time', () => {
    expect(applied({ latestTime: 1000 }, { mtime: 2 ** 32 }).warnings).toEqual([clampedAt(2 ** 32, 1000)])
  })

  it.each([0, 5, 2 ** 32 - 1])('is %d for all on request, without warnings', (time) => {
    for (const mtime of [-1, 77, 2 ** 33]) {
      const { attributes, warnings } = applied({ time, latestTime: 1 }, { mtime })
      expect(attributes.mtime).toBe(time)
      expect(warnings).toEqual([])
    }
  })
})

describe('an owner', () => {
  it.each([
    [{}, 1000, 1001],
    [{ uid: 0, gid: 0 }, 0, 0],
    [{ uid: 0xffff_ffff }, 0xffff_ffff, 1001],
    [{ gid: 7 }, 1000, 7],
  ])('by the rules %j is %d:%d', (rules, uid, gid) => {
    expect(applied(rules, {}).attributes).toMatchObject({ uid, gid })
  })
})

describe('xattrs', () => {
  it('are sorted by name', () => {
    const names = ['user.b', 'trusted.x', 'user.\xff', 'security.z', 'user.a', 'user.B']
    const { attributes, dropped } = applied({}, { xattrs: xattrs(...names) })
    expect(attributes.xattrs).toEqual(
      xattrs('security.z', 'trusted.x', 'user.B', 'user.a', 'user.b', 'user.\xff'),
    )
    expect(dropped).toEqual({})
  })

  it('that the format cannot hold are left out, and counted by name', () => {
    const { rules, droppedXattrs } = compileRules(KEEP)
    const lustre = ['lustre.lov', 'trusted.lov', 'system.posix_acl_access']
    expect(rules('a', { ...RAW, xattrs: xattrs(...lustre, 'user.a') }).xattrs).toEqual(xattrs('user.a'))
    expect(rules('b', { ...RAW, xattrs: xattrs('lustre.lov') }).xattrs).toBeNull()
    rules('c', RAW)
    expect(Object.fromEntries(droppedXattrs)).toEqual({
      'lustre.lov': 2,
      'trusted.lov': 1,
      'system.posix_acl_access': 1,
    })
  })

  it('that are not wanted are left out and counted, too', () => {
    const wantsXattr = (name: string) => name !== 'user.b'
    const { attributes, dropped } = applied({ wantsXattr }, { xattrs: xattrs('user.b', 'user.a', 'user.c') })
    expect(attributes.xattrs).toEqual(xattrs('user.a', 'user.c'))
    expect(dropped).toEqual({ 'user.b': 1 })
  })

  it('do not change their input', () => {
    const given = xattrs('user.b', 'user.a')
    applied({}, { xattrs: given })
    expect(given).toEqual(xattrs('user.b', 'user.a'))
  })
})

describe('an access ACL', () => {
  // group::---, mask::r--
  const acl = Uint8Array.of(
    2,
    0,
    0,
    0,
    ...[4, 0, 0, 0],
    ...[255, 255, 255, 255],
    ...[16, 0, 4, 0],
    ...[255, 255, 255, 255],
  )
  const found = [['user.a', value] as const, ['system.posix_acl_access', acl] as const]

  it('is left out, and limits the mode of the group', () => {
    const { attributes, dropped } = applied({}, { mode: 0o640, xattrs: found })
    expect(attributes).toMatchObject({ mode: 0o600, xattrs: xattrs('user.a') })
    expect(dropped).toEqual({ 'system.posix_acl_access': 1 })
  })

  it('is applied even if no xattrs are wanted', () => {
    const { attributes } = applied({ wantsXattr: () => false }, { mode: 0o640, xattrs: found })
    expect(attributes).toMatchObject({ mode: 0o600, xattrs: null })
  })

  it('is applied if it is read with the content', () => {
    expect(compileRules(KEEP).access(0o640, found)).toEqual({ mode: 0o600, xattrs: xattrs('user.a') })
    expect(compileRules(KEEP).access(0o640, [])).toEqual({ mode: 0o640, xattrs: null })
  })

  it('has its value read, like xattrs that can be packed', () => {
    expect(isValueWanted('system.posix_acl_access')).toBe(true)
    expect(isValueWanted('user.a')).toBe(true)
    expect(isValueWanted('system.posix_acl_default')).toBe(false)
    expect(isValueWanted('trusted.lov')).toBe(false)
  })
})

describe('an xattr can be packed', () => {
  it.each([
    'user.a',
    'user.lov',
    'trusted.overlay.opaque',
    'trusted.lovx',
    'trusted.xlov',
    'security.capability',
    'security.lov',
    'security.selinux',
  ])('if the format supports its prefix: %s', (name) => {
    expect(isPortableXattr(name)).toBe(true)
  })

  it.each(['user.', 'lustre.lov', 'system.nfs4_acl', 'system.posix_acl_default', 'btrfs.compression', ''])(
    'unless it does not: %j',
    (name) => {
      expect(isPortableXattr(name)).toBe(false)
    },
  )

  it.each([
    'dmv',
    'fid',
    'hsm',
    'job',
    'lfsck_bitmap',
    'lfsck_namespace',
    'link',
    'lma',
    'lmv',
    'lov',
    'lsom',
    'som',
    'version',
  ])('unless it is the layout of Lustre: trusted.%s', (name) => {
    expect(isPortableXattr(`trusted.${name}`)).toBe(false)
    expect(isPortableXattr(`user.${name}`)).toBe(true)
  })
})

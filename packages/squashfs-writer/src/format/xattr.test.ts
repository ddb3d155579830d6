import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeXattrId,
  decodeXattrKey,
  decodeXattrReference,
  decodeXattrTableHeader,
  decodeXattrValueSize,
  encodeXattrId,
  encodeXattrKey,
  encodeXattrReference,
  encodeXattrTableHeader,
  encodeXattrValue,
  splitXattrName,
  XATTR_ID_SIZE,
  XATTR_KEY_SIZE,
  XATTR_PREFIXES,
  XATTR_VALUE_SIZE,
} from './xattr.js'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))

/** The name's parts, with the rest as text. */
function split(name: string) {
  const parts = splitXattrName(latin1(name))
  return parts && { prefix: parts.prefix, rest: Buffer.from(parts.rest).toString('latin1') }
}

describe("an xattr's name", () => {
  it.each([
    ['user.a', 0, 'a'],
    ['trusted.overlay.opaque', 1, 'overlay.opaque'],
    ['security.capability', 2, 'capability'],
    ['user.user.a', 0, 'user.a'],
    ['user..', 0, '.'],
    ['user.\xe9\xff\n', 0, '\xe9\xff\n'],
  ])('%j is prefix %d and %j', (name, prefix, rest) => {
    expect(split(name)).toEqual({ prefix, rest })
  })

  it.each([
    '',
    'user',
    'user.',
    'trusted.',
    'security.',
    'userx',
    'User.a',
    'xuser.a',
    'usex.a',
    'user_a',
    'trusted',
    'lustre.lov',
    'system.posix_acl_access',
    'system.nfs4_acl',
    'btrfs.compression',
  ])('%j has an unsupported prefix', (name) => {
    expect(split(name)).toBeNull()
  })

  it('has one of three prefixes, followed by anything', () => {
    expect(XATTR_PREFIXES).toEqual(['user.', 'trusted.', 'security.'])
    const aRest = fc.uint8Array({ minLength: 1, maxLength: 255 })
    fc.assert(
      fc.property(fc.nat(2), aRest, (prefix, rest) => {
        const name = Buffer.concat([Buffer.from(XATTR_PREFIXES[prefix]!), rest])
        expect(splitXattrName(name)?.prefix).toBe(prefix)
        expect(hex(splitXattrName(name)!.rest)).toBe(hex(rest))
      }),
    )
  })

  it('is refused if a character of its prefix differs', () => {
    for (const prefix of XATTR_PREFIXES)
      for (let at = 0; at < prefix.length; at++) {
        const name = latin1(`${prefix}name`)
        name[at]! ^= 0x20
        expect(splitXattrName(name)).toBeNull()
      }
  })
})

describe('the records of an xattr', () => {
  it('are a key with its type, and the length of the name without prefix', () => {
    expect(hex(encodeXattrKey(0, latin1('ab'), false))).toBe('0000 0200 6162'.replaceAll(' ', ''))
    expect(hex(encodeXattrKey(1, latin1('\xff'), false))).toBe('0100 0100 ff'.replaceAll(' ', ''))
    const long = new Uint8Array(300).fill(0x6e)
    expect(hex(encodeXattrKey(2, long, false))).toBe(`02002c01${'6e'.repeat(300)}`)
  })

  it('are a key with 0x100 in its type if the value is out of line', () => {
    expect(hex(encodeXattrKey(0, latin1('a'), true))).toBe('0001010061')
    expect(hex(encodeXattrKey(1, latin1('a'), true))).toBe('0101010061')
    expect(hex(encodeXattrKey(2, latin1('a'), true))).toBe('0201010061')
  })

  it('are a value after its length', () => {
    expect(hex(encodeXattrValue(new Uint8Array(0)))).toBe('00000000')
    expect(hex(encodeXattrValue(Uint8Array.of(1, 2, 0xff)))).toBe('030000000102ff')
    const large = encodeXattrValue(new Uint8Array(65_536).fill(7))
    expect(hex(large)).toBe(`00000100${'07'.repeat(65_536)}`)
  })

  it('are a reference of eight bytes to an earlier value', () => {
    expect(hex(encodeXattrReference(0x1234_0567))).toBe('080000006705341200000000')
    expect(hex(encodeXattrReference(2 ** 48 + 1))).toBe('080000000100000000000100')
  })
})

describe('the xattr id table', () => {
  it('has entries of reference, count and size', () => {
    const bytes = encodeXattrId({ reference: 0x16_1514_1312_11, count: 0x2423_2221, size: 0xf4f3_f2f1 })
    expect(hex(bytes)).toBe('1112131415160000 21222324 f1f2f3f4'.replaceAll(' ', ''))
    expect(bytes.length).toBe(XATTR_ID_SIZE)
  })

  it('has 512 entries in a metadata block', () => {
    expect(XATTR_ID_SIZE * 512).toBe(8192)
  })

  it('has a header of start, count and four zeros', () => {
    const bytes = encodeXattrTableHeader(0x16_1514_1312_11, 0xf4f3_f2f1)
    expect(hex(bytes)).toBe('1112131415160000 f1f2f3f4 00000000'.replaceAll(' ', ''))
  })
})

describe('decoding', () => {
  const reference = fc.nat(2 ** 31).map((block) => block * 65_536 + 8191)
  const count = fc.nat(0xffff_ffff)

  it('gives back the encoded values', () => {
    fc.assert(
      fc.property(
        fc.record({ reference, count, size: count }),
        fc.constantFrom(0, 1, 2),
        fc.uint8Array({ maxLength: 255 }),
        fc.boolean(),
        (id, prefix, rest, outOfLine) => {
          expect(decodeXattrId(encodeXattrId(id))).toEqual(id)
          const key = encodeXattrKey(prefix, rest, outOfLine)
          const nameLength = rest.length
          expect(decodeXattrKey(key.subarray(0, XATTR_KEY_SIZE))).toEqual({ prefix, outOfLine, nameLength })
          expect(decodeXattrValueSize(encodeXattrValue(rest))).toBe(rest.length)
          const elsewhere = encodeXattrReference(id.reference)
          expect(decodeXattrReference(elsewhere.subarray(XATTR_VALUE_SIZE))).toBe(id.reference)
          const header = { keyValueStart: id.reference, count: id.count }
          expect(decodeXattrTableHeader(encodeXattrTableHeader(id.reference, id.count))).toEqual(header)
        },
      ),
    )
  })
})

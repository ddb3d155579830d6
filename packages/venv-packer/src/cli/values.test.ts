import { expect, it } from 'vitest'
import { parseByteSize, parseLevels, parseOwner } from './values.js'

it.each([
  ['4096', 4096],
  ['64K', 65_536],
  ['64k', 65_536],
  ['128KiB', 131_072],
  ['128kb', 131_072],
  ['1M', 1_048_576],
  ['1G', 1_073_741_824],
  ['512B', 512],
])('the size %s is %d bytes', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes)
})

it.each(['', 'K', '-4K', '4.5K', '4 K', '1T', '0x1000', '128KK', '1e6'])('%j is not a size', (text) => {
  expect(parseByteSize(text)).toBeUndefined()
})

it('an owner is keep, root, or two ids', () => {
  expect(parseOwner('keep')).toBe('keep')
  expect(parseOwner('root')).toBe('root')
  expect(parseOwner('1000:0')).toEqual({ uid: 1000, gid: 0 })
  expect(parseOwner('4294967294:4294967294')).toEqual({ uid: 4_294_967_294, gid: 4_294_967_294 })
})

it.each(['', 'me', '1000', '1000:', ':1000', '-1:0', '1:2:3', '4294967295:0', 'root:root'])(
  '%j is no owner',
  (text) => {
    expect(parseOwner(text)).toBeUndefined()
  },
)

it.each([
  ['0', [0]],
  ['2', [2]],
  ['0,1,2', [0, 1, 2]],
  ['2,0', [0, 2]],
  ['1,1', [1]],
])('the levels %s are %j', (text, levels) => {
  expect(parseLevels(text)).toEqual(levels)
})

it.each(['', '3', '0,', ',1', '0 1', '0,3', '-1', '00', 'all'])('%j is no list of levels', (text) => {
  expect(parseLevels(text)).toBeUndefined()
})

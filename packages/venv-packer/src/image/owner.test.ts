import { expect, it } from 'vitest'
import { parseOwner } from './owner.js'

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

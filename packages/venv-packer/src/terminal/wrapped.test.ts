import { expect, it } from 'vitest'
import { wrapped } from './wrapped.js'

it('a text is broken between words; a word that is too long has a line to itself', () => {
  expect(wrapped('a bc def ghij', 5)).toEqual(['a bc', 'def', 'ghij'])
  expect(wrapped('see /a/very/long/path there', 10)).toEqual(['see', '/a/very/long/path', 'there'])
  expect(wrapped('all in one', Number.POSITIVE_INFINITY)).toEqual(['all in one'])
  expect(wrapped('', 10)).toEqual([''])
})

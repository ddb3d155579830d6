import { expect, it } from 'vitest'
import { printable } from './printable.js'

it('control characters are printed as escapes, other letters as they are', () => {
  expect(printable('a\nb\r\tc\u001b[2J\u007f\u009b1m')).toBe('a\\nb\\r\\tc\\x1b[2J\\x7f\\x9b1m')
  expect(printable('exe\u202etxt\u2028')).toBe('exe\\u202etxt\\u2028')
  expect(printable('naïve 漢字 😀 \\n')).toBe('naïve 漢字 😀 \\n')
})

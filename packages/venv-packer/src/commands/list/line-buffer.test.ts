import { expect, it } from 'vitest'
import { LineBuffer } from './line-buffer.js'

const textOf = (buffer: LineBuffer): string => Buffer.from(buffer.take()).toString('utf8')

it('numbers are aligned to the right, also those beyond 32 bits', () => {
  const buffer = new LineBuffer()
  for (const [value, width] of [
    [0, 3],
    [42, 2],
    [2_147_483_647, 12],
    [2 ** 40, 14],
  ] as const)
    buffer.addNumber(value, width)
  expect(textOf(buffer)).toBe('  042  2147483647 1099511627776')
})

it('bytes that are not printable ASCII are refused, and nothing of them is added', () => {
  const buffer = new LineBuffer()
  const bytes = Buffer.from('abc\tdé')
  expect(buffer.addPrintable(bytes, 0, 3)).toBe(true)
  expect(buffer.addPrintable(bytes, 2, 5)).toBe(false)
  expect(buffer.addPrintable(bytes, 4, 7)).toBe(false)
  expect(textOf(buffer)).toBe('abc')
})

it('keeps all that was written when it grows, and is empty when that is taken', () => {
  const buffer = new LineBuffer()
  const text = 'naïve 漢字 😀 '.repeat(20_000)
  buffer.addText('x')
  buffer.addText(text)
  buffer.addText(text)
  expect(textOf(buffer)).toBe(`x${text}${text}`)
  expect(buffer.length).toBe(0)
})

it('repeats a part of what was written', () => {
  const buffer = new LineBuffer()
  buffer.addText('abcd')
  buffer.repeat(1, 3)
  expect(textOf(buffer)).toBe('abcdbc')
})

import { expect, it } from 'vitest'
import { parseByteSize } from './byte-size.js'

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

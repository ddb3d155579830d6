import { describe, expect, it } from 'vitest'
import { decodeFragmentEntry, encodeFragmentEntry, FRAGMENT_ENTRY_SIZE, NO_FRAGMENT } from './fragment.js'

describe("a fragment's entry", () => {
  it.each([
    [{ start: 96, sizeWord: 0x0000_1000 }, '6000000000000000 00100000 00000000'],
    [{ start: 0x12_3456_789a, sizeWord: 0x0102_0304 }, '9a78563412000000 04030201 00000000'],
    [{ start: Number.MAX_SAFE_INTEGER, sizeWord: 0xffff_ffff }, 'ffffffffffff1f00 ffffffff 00000000'],
  ])('%j consists of start, size word and four zeros', (entry, onDisk) => {
    const bytes = encodeFragmentEntry(entry)
    expect(Buffer.from(bytes).toString('hex')).toBe(onDisk.replaceAll(' ', ''))
    expect(bytes.length).toBe(FRAGMENT_ENTRY_SIZE)
    expect(decodeFragmentEntry(bytes)).toEqual(entry)
  })

  it('is 16 bytes, so that 512 fill a metadata block', () => {
    expect(FRAGMENT_ENTRY_SIZE * 512).toBe(8192)
  })

  it('has an index for files without fragment that no real fragment has', () => {
    expect(NO_FRAGMENT).toBe(0xffff_ffff)
  })
})

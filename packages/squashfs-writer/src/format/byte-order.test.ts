import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { getUint64, setUint64, viewOf } from './byte-order.js'

const ALL_ONES = 0xffff_ffff_ffff_ffffn

describe('a view of a record', () => {
  it('covers the bytes of a subarray only', () => {
    const around = Uint8Array.of(1, 2, 3, 4, 5, 6)
    const view = viewOf(around.subarray(2, 5))
    expect(view.byteLength).toBe(3)
    view.setUint8(0, 9)
    expect([...around]).toEqual([1, 2, 9, 4, 5, 6])
  })
})

describe('an unsigned 64-bit integer', () => {
  it.each([
    [0, '0000000000000000'],
    [1, '0100000000000000'],
    [0x0102_0304, '0403020100000000'],
    [2 ** 32 - 1, 'ffffffff00000000'],
    [2 ** 32, '0000000001000000'],
    [2 ** 32 + 1, '0100000001000000'],
    [0x12_3456_789a_bcde, 'debc9a7856341200'],
    [Number.MAX_SAFE_INTEGER, 'ffffffffffff1f00'],
  ])('%d is little-endian on disk, and is read back', (value, onDisk) => {
    const bytes = new Uint8Array(8)
    setUint64(viewOf(bytes), 0, value)
    expect(Buffer.from(bytes).toString('hex')).toBe(onDisk)
    expect(getUint64(viewOf(bytes), 0)).toBe(value)
  })

  it('is written and read at its position', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(9), (value, offset) => {
        const bytes = new Uint8Array(17).fill(0xaa)
        const view = viewOf(bytes)
        setUint64(view, offset, value)
        expect(view.getBigUint64(offset, true)).toBe(BigInt(value))
        expect(getUint64(view, offset)).toBe(value)
        const others = bytes.filter((_, at) => at < offset || at >= offset + 8)
        expect(others.every((byte) => byte === 0xaa)).toBe(true)
      }),
    )
  })

  it.each([2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, ALL_ONES])('%d is too large to be read exactly', (value) => {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigUint64(0, value, true)
    expect(getUint64(view, 0)).toBe(Number.POSITIVE_INFINITY)
  })
})

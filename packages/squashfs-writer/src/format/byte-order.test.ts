import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { getUint64, setUint16, setUint32, setUint64, viewOf } from './byte-order.js'

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

describe('an unsigned integer of 16 or 32 bits', () => {
  it('is written at its position, little-endian', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.nat(8), (value, offset) => {
        const [bytes, expected] = [new Uint8Array(12).fill(0xaa), Buffer.alloc(12, 0xaa)]
        setUint32(bytes, offset, value)
        expected.writeUInt32LE(value, offset)
        expect(Buffer.from(bytes)).toEqual(expected)
        setUint16(bytes, offset, value & 0xffff)
        expected.writeUInt16LE(value & 0xffff, offset)
        expect(Buffer.from(bytes)).toEqual(expected)
      }),
    )
  })

  it('of 16 bits may be negative, in two’s complement', () => {
    const bytes = new Uint8Array(2)
    setUint16(bytes, 0, -2)
    expect(viewOf(bytes).getInt16(0, true)).toBe(-2)
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
    setUint64(bytes, 0, value)
    expect(Buffer.from(bytes).toString('hex')).toBe(onDisk)
    expect(getUint64(viewOf(bytes), 0)).toBe(value)
  })

  it('is written and read at its position', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(9), (value, offset) => {
        const bytes = new Uint8Array(17).fill(0xaa)
        const view = viewOf(bytes)
        setUint64(bytes, offset, value)
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

import { describe, expect, it } from 'vitest'
import { Compressor, decodeLevel, encodeGzipOptions, encodeZstdOptions } from './compressor-options.js'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('compressor options', () => {
  it.each([
    [1, '01000000'],
    [3, '03000000'],
    [22, '16000000'],
    [0x0403_0201, '01020304'],
  ])('of zstd contain the level: %d', (level, onDisk) => {
    expect(hex(encodeZstdOptions(level))).toBe(onDisk)
  })

  it('of gzip contain level, window and strategies', () => {
    expect(hex(encodeGzipOptions(6))).toBe('060000000f000000')
    expect(hex(encodeGzipOptions(1, 8, 0x1f))).toBe('0100000008001f00')
    expect(hex(encodeGzipOptions(0x0403_0201, 0x0605, 0x0807))).toBe('0102030405060708')
  })
})

it('of zstd and gzip give the level back', () => {
  expect(decodeLevel(encodeZstdOptions(19))).toBe(19)
  expect(decodeLevel(encodeGzipOptions(6))).toBe(6)
  expect(decodeLevel(new Uint8Array(3))).toBeNull()
})

describe('compressor ids', () => {
  it('are those of the format', () => {
    expect(Compressor).toEqual({ GZIP: 1, LZMA: 2, LZO: 3, XZ: 4, LZ4: 5, ZSTD: 6 })
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeMetadataHeader,
  decodeMetadataReference,
  encodeMetadataBlock,
  METADATA_BLOCK_SIZE,
  metadataReference,
} from './metadata-block.js'

describe('a metadata block', () => {
  it.each([
    [1, '0100', '0180'],
    [255, 'ff00', 'ff80'],
    [256, '0001', '0081'],
    [8191, 'ff1f', 'ff9f'],
    [8192, '0020', '00a0'],
  ])(
    'of %d bytes has a header of two bytes: 0x%s, or 0x%s if it is uncompressed',
    (size, packed, uncompressed) => {
      const content = Uint8Array.from({ length: size }, (_, n) => n % 251)
      const header = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, 2)).toString('hex')

      const compressed = encodeMetadataBlock(content, false)
      expect(header(compressed)).toBe(packed)
      expect(compressed.subarray(2)).toEqual(content)

      const plain = encodeMetadataBlock(content, true)
      expect(header(plain)).toBe(uncompressed)
      expect(plain.subarray(2)).toEqual(content)

      expect(decodeMetadataHeader(compressed)).toEqual({ size, uncompressed: false })
      expect(decodeMetadataHeader(plain)).toEqual({ size, uncompressed: true })
    },
  )

  it('holds 8 KiB', () => {
    expect(METADATA_BLOCK_SIZE).toBe(8192)
  })
})

describe('a metadata reference', () => {
  it.each([
    [0, 0, 0],
    [0, 8191, 0x1fff],
    [1, 0, 0x1_0000],
    [0x1234, 0x0567, 0x1234_0567],
    [2 ** 32, 1, 2 ** 48 + 1],
    [2 ** 37 - 1, 8191, (2 ** 37 - 1) * 65_536 + 8191],
  ])('to block %d, byte %d is %d', (block, offset, reference) => {
    expect(metadataReference(block, offset)).toBe(reference)
  })

  it('has the offset in its lowest 16 bits, and the block above', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 37 - 1), fc.nat(8191), (block, offset) => {
        const reference = BigInt(metadataReference(block, offset))
        expect([reference >> 16n, reference & 0xffffn]).toEqual([BigInt(block), BigInt(offset)])
        expect(decodeMetadataReference(metadataReference(block, offset))).toEqual({ block, offset })
      }),
    )
  })
})

import { describe, expect, it } from 'vitest'
import { blockSizeOnDisk, blockSizeWord, HOLE, isUncompressedBlock } from './data-block.js'

describe("a block's size word", () => {
  it.each([
    [1, 0x0000_0001, 0x0100_0001],
    [4096, 0x0000_1000, 0x0100_1000],
    [131_071, 0x0001_ffff, 0x0101_ffff],
    [1_048_576, 0x0010_0000, 0x0110_0000],
  ])('holds %d bytes on disk, and in bit 24 whether they are uncompressed', (size, packed, uncompressed) => {
    expect(blockSizeWord(size, false)).toBe(packed)
    expect(blockSizeWord(size, true)).toBe(uncompressed)
    expect(blockSizeOnDisk(packed)).toBe(size)
    expect(blockSizeOnDisk(uncompressed)).toBe(size)
    expect([isUncompressedBlock(packed), isUncompressedBlock(uncompressed)]).toEqual([false, true])
  })

  it('with invalid bits gives a size that is too large, and never negative', () => {
    expect(blockSizeOnDisk(0xffff_ffff)).toBe(0xfeff_ffff)
    expect(blockSizeOnDisk(0x8000_0000)).toBe(0x8000_0000)
  })

  it('is 0 for a hole, which takes no space', () => {
    expect(HOLE).toBe(0)
    expect(blockSizeOnDisk(HOLE)).toBe(0)
  })
})

import { describe, expect, it } from 'vitest'
import { blockRanges } from './block-ranges.js'

const BLOCK = 131_072
const MIB = 1_048_576

/** As [start, length], and 'hole' for a hole. */
const ranges = (extents: readonly number[], size: number) =>
  [...blockRanges(extents, size, BLOCK)].map(({ start, length, hole }) => [
    start,
    length,
    ...(hole ? ['hole'] : []),
  ])

describe('the ranges of a large file', () => {
  it('are one buffer each, up to the end of the file', () => {
    expect(ranges([0, 2 * MIB + 5], 2 * MIB + 5)).toEqual([
      [0, MIB],
      [MIB, MIB],
      [2 * MIB, 5],
    ])
  })

  it('begin and end at block borders, even if data begins or ends between them', () => {
    expect(ranges([BLOCK + 5, BLOCK + 6, 9 * BLOCK - 1, 9 * BLOCK + 1], 12 * BLOCK)).toEqual([
      [0, BLOCK, 'hole'],
      [BLOCK, BLOCK],
      [2 * BLOCK, 6 * BLOCK, 'hole'],
      [8 * BLOCK, 2 * BLOCK],
      [10 * BLOCK, 2 * BLOCK, 'hole'],
    ])
  })

  it('contain a block once if two extents share it', () => {
    expect(ranges([0, 10, 20, 30], BLOCK)).toEqual([[0, BLOCK]])
  })

  it('are one hole if there is no data, and one empty range for an empty file', () => {
    expect(ranges([], 3 * MIB)).toEqual([[0, 3 * MIB, 'hole']])
    expect(ranges([], 0)).toEqual([[0, 0]])
  })
})

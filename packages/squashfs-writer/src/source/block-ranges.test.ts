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
  it('are a buffer each, up to its end', () => {
    expect(ranges([0, 2 * MIB + 5], 2 * MIB + 5)).toEqual([
      [0, MIB],
      [MIB, MIB],
      [2 * MIB, 5],
    ])
  })

  it('begin and end at block borders, where data begins and ends between them', () => {
    expect(ranges([BLOCK + 5, BLOCK + 6, 9 * BLOCK - 1, 9 * BLOCK + 1], 12 * BLOCK)).toEqual([
      [0, BLOCK, 'hole'],
      [BLOCK, BLOCK],
      [2 * BLOCK, 6 * BLOCK, 'hole'],
      [8 * BLOCK, 2 * BLOCK],
      [10 * BLOCK, 2 * BLOCK, 'hole'],
    ])
  })

  it('have a block once that two extents share', () => {
    expect(ranges([0, 10, 20, 30], BLOCK)).toEqual([[0, BLOCK]])
  })

  it('are one hole where there is no data, and one empty range of an empty file', () => {
    expect(ranges([], 3 * MIB)).toEqual([[0, 3 * MIB, 'hole']])
    expect(ranges([], 0)).toEqual([[0, 0]])
  })
})

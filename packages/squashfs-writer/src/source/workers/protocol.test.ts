import { describe, expect, it } from 'vitest'
import { type Content, fileNode } from '../../tree/node.js'
import {
  addRange,
  isFailure,
  noRanges,
  RANGE,
  RANGE_NUMBERS,
  RangeFlag,
  rangeOf,
  sparseValue,
  xattrsWithContent,
} from './protocol.js'

const ATTRIBUTES = { mode: 0, uid: 0, gid: 0, mtime: 0, xattrs: null }
const directory = { path: '/source/sub', seen: 'an inode' }

const onDisk = (xattrsWithContent = true): Content => ({
  kind: 'disk',
  directory,
  name: 'name',
  seen: 'an identity',
  sparse: false,
  xattrsWithContent,
})

const REQUEST = {
  start: 4096,
  length: 100,
  at: 8192,
  inBlocks: 64,
  flags: RangeFlag.DIGEST | RangeFlag.XATTRS,
}

describe('a range', () => {
  it('of a file on disk has its place, and the position of its bytes', () => {
    const ranges = noRanges()
    addRange(ranges, fileNode(ATTRIBUTES, 5000, onDisk()), REQUEST)
    expect(ranges).toEqual({
      directories: [directory],
      names: ['name'],
      seen: ['an identity'],
      numbers: [5000, 4096, 100, 8192, 64, RangeFlag.DIGEST | RangeFlag.XATTRS, -1],
      candidates: [],
    })
  })

  it('has xattrs only if they are read with the content', () => {
    const ranges = noRanges()
    addRange(ranges, fileNode(ATTRIBUTES, 5000, onDisk(false)), REQUEST)
    expect(ranges.numbers).toEqual([5000, 4096, 100, 8192, 64, RangeFlag.DIGEST, -1])
  })

  it('of an open file is relative to the start of that range', () => {
    const ranges = noRanges()
    addRange(ranges, fileNode(ATTRIBUTES, 5000, { kind: 'range', descriptor: 7, start: 70_000 }), REQUEST)
    expect(ranges).toEqual({
      directories: [7],
      names: [''],
      seen: [''],
      numbers: [5000, 74_096, 100, 8192, 64, RangeFlag.DIGEST, -1],
      candidates: [],
    })
  })

  it.each<Content>([
    { kind: 'bytes', bytes: new Uint8Array(5000) },
    { kind: 'stream', open: async function* () {} },
  ])('of $kind has no place: the bytes are in the buffer', (content) => {
    const ranges = noRanges()
    addRange(ranges, fileNode(ATTRIBUTES, 5000, content), REQUEST)
    expect(ranges.directories).toEqual([null])
  })

  it('has the fragment block of its tail', () => {
    const ranges = noRanges()
    addRange(ranges, fileNode(ATTRIBUTES, 5000, onDisk()), { ...REQUEST, tailBlock: 2 })
    expect(ranges.numbers[RANGE.tailBlock]).toBe(2)
  })

  it('is added after earlier ones', () => {
    const ranges = noRanges()
    for (const start of [0, 1, 2]) addRange(ranges, fileNode(ATTRIBUTES, 9, onDisk()), { ...REQUEST, start })
    expect(ranges.names.length).toBe(3)
    const starts = [0, 1, 2].map((n) => ranges.numbers[n * RANGE_NUMBERS + RANGE.start])
    expect(starts).toEqual([0, 1, 2])
  })

  it('for a single file is the whole file', () => {
    expect(rangeOf(fileNode(ATTRIBUTES, 5000, onDisk()), RangeFlag.EXAMINE).numbers).toEqual([
      5000,
      0,
      5000,
      0,
      0,
      RangeFlag.EXAMINE,
      -1,
    ])
  })
})

describe('a response', () => {
  it('is a failure if it has a code', () => {
    expect(isFailure({ code: 'EIO', message: '' })).toBe(true)
    for (const response of [null, undefined, 'code', 1, {}, [], [1, 2]])
      expect(isFailure(response)).toBe(false)
  })

  it('has a sparse value for a name with a pair, and none for others', () => {
    const pairs = [
      [2, 'two'],
      [5, 'five'],
    ] as const
    expect([0, 2, 3, 5].map((n) => sparseValue(pairs, n))).toEqual([undefined, 'two', undefined, 'five'])
    expect(sparseValue([], 0)).toBeUndefined()
  })
})

it('xattrs are read with the content if the file fits a buffer', () => {
  expect([0, 1_048_576, 1_048_577].map(xattrsWithContent)).toEqual([true, true, false])
})

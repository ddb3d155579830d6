import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { viewOf } from './byte-order.js'
import { decodeListing, decodeRun, encodeListing, type ListingEntry } from './directory.js'
import { InodeType } from './inode.js'

/** Bytes of content in a metadata block. */
const BLOCK = 8192

interface Run {
  readonly at: number
  readonly names: readonly ListingEntry[]
}

/** The runs of a listing, decoded independently of the encoder. */
function decode(listing: Uint8Array): Run[] {
  const bytes = Buffer.from(listing)
  const runs: Run[] = []
  for (let at = 0; at < bytes.length; ) {
    const [count, inodeBlock, base] = [
      bytes.readUInt32LE(at) + 1,
      bytes.readUInt32LE(at + 4),
      bytes.readUInt32LE(at + 8),
    ]
    const names: ListingEntry[] = []
    runs.push({ at, names })
    at += 12
    for (let n = 0; n < count; n++) {
      const length = bytes.readUInt16LE(at + 6) + 1
      names.push({
        name: new Uint8Array(bytes.subarray(at + 8, at + 8 + length)),
        type: bytes.readUInt16LE(at + 4) as ListingEntry['type'],
        inodeNumber: base + bytes.readInt16LE(at + 2),
        inodeBlock,
        inodeOffset: bytes.readUInt16LE(at),
      })
      at += 8 + length
    }
  }
  return runs
}

const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))

function entry(changes: Partial<ListingEntry> = {}): ListingEntry {
  return {
    name: latin1('n'),
    type: InodeType.FILE,
    inodeNumber: 1000,
    inodeBlock: 0,
    inodeOffset: 0,
    ...changes,
  }
}

const entries = (count: number, each: (n: number) => Partial<ListingEntry> = () => ({})) =>
  Array.from({ length: count }, (_, n) => entry(each(n)))

const lengthsOf = (list: readonly ListingEntry[], offset = 0) =>
  decode(encodeListing(list, offset).bytes).map(({ names }) => names.length)

describe('a listing', () => {
  it('without entries is empty', () => {
    expect(encodeListing([], 8191)).toEqual({ bytes: new Uint8Array(0), indexEntries: [] })
  })

  it('consists of headers and entries, byte by byte', () => {
    const { bytes, indexEntries } = encodeListing(
      [
        {
          name: latin1('a'),
          type: InodeType.DIRECTORY,
          inodeNumber: 0xf001,
          inodeBlock: 0xb4b3_b2b1,
          inodeOffset: 0x1fff,
        },
        {
          name: latin1('b\xff'),
          type: InodeType.SOCKET,
          inodeNumber: 0xf000,
          inodeBlock: 0xb4b3_b2b1,
          inodeOffset: 0x0102,
        },
        {
          name: latin1('c'),
          type: InodeType.SYMLINK,
          inodeNumber: 0xf4f3_f2f1,
          inodeBlock: 0x0a0b,
          inodeOffset: 3,
        },
      ],
      0,
    )
    expect(Buffer.from(bytes).toString('hex')).toBe(
      [
        '01000000 b1b2b3b4 01f00000', // two names, inode block, inode number of the first
        'ff1f 0000 0100 0000 61', // offset, number - the first's, type, length - 1, name
        '0201 ffff 0700 0100 62ff',
        '00000000 0b0a0000 f1f2f3f4',
        '0300 0000 0300 0000 63',
      ]
        .join('')
        .replaceAll(' ', ''),
    )
    expect(indexEntries).toEqual([])
  })

  it('is decoded to its entries, with many headers', () => {
    const list = entries(1000, (n) => ({
      name: latin1(`name-${n}`),
      inodeNumber: 100_000 - n * (n % 97),
      inodeBlock: Math.floor(n / 300) * 8000,
      inodeOffset: (n * 31) % 8192,
    }))
    expect(decodeListing(encodeListing(list, 5000).bytes)).toEqual(list)
    expect(decodeListing(new Uint8Array(0))).toEqual([])
  })

  it('is not decoded if it is truncated, or has a run that is too long for the kernel', () => {
    const list = [entry({ name: latin1('a') }), entry({ name: latin1('bb') })]
    const { bytes } = encodeListing(list, 0)
    for (let length = 1; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length)
      expect(decodeRun(viewOf(cut), 0)).toBeNull()
      expect(() => decodeListing(cut)).toThrow(RangeError)
    }
    expect(decodeRun(viewOf(bytes), 0)).toMatchObject({ end: bytes.length, entries: [{}, {}] })
    viewOf(bytes).setUint32(0, 256, true)
    expect(() => decodeRun(viewOf(bytes), 0)).toThrow('257 entries, more than 256')
  })

  it.each([1, 2, 255])('keeps names of %d bytes', (length) => {
    const name = Uint8Array.from({ length }, (_, n) => 255 - n)
    const [run] = decode(encodeListing([entry({ name }), entry()], 0).bytes)
    expect(run?.names.map((e) => e.name)).toEqual([name, latin1('n')])
  })
})

describe('a run', () => {
  it.each([
    [1, [1]],
    [255, [255]],
    [256, [256]],
    [257, [256, 1]],
    [512, [256, 256]],
    [513, [256, 256, 1]],
  ])('has at most 256 entries: %d entries make runs of %j', (count, runs) => {
    expect(lengthsOf(entries(count, (n) => ({ inodeNumber: n + 1 })))).toEqual(runs)
  })

  it('ends when the metadata block of the inodes changes, and when it changes back', () => {
    const blocks = [0, 0, 8000, 8000, 8000, 0, 0x1_0000, 0]
    expect(lengthsOf(blocks.map((inodeBlock) => entry({ inodeBlock })))).toEqual([2, 3, 1, 1, 1])
  })

  it.each([
    [0, [2]],
    [32_767, [2]],
    [32_768, [1, 1]],
    [-32_768, [2]],
    [-32_769, [1, 1]],
  ])('holds inode numbers within 16 bits of its first: difference %d', (difference, runs) => {
    const base = 100_000
    const list = [entry({ inodeNumber: base }), entry({ inodeNumber: base + difference })]
    expect(lengthsOf(list)).toEqual(runs)
    expect(decode(encodeListing(list, 0).bytes).flatMap(({ names }) => names)).toEqual(list)
  })

  it('counts inode numbers from its own first entry, not from that of the run before', () => {
    const numbers = [1, 32_769, 65_536, 40_000, 1, 0xffff_ffff]
    expect(lengthsOf(numbers.map((inodeNumber) => entry({ inodeNumber })))).toEqual([1, 4, 1])
  })

  it.each([0, 1, 0xffff_ffff])(
    'begins with the first entry, for any block of its inode: %d',
    (inodeBlock) => {
      const list = [entry({ inodeBlock, inodeNumber: 1 })]
      expect(decode(encodeListing(list, 0).bytes)).toEqual([{ at: 0, names: list }])
    },
  )

  it('begins with inode number 1, for any difference', () => {
    expect(lengthsOf([entry({ inodeNumber: 1 }), entry({ inodeNumber: 32_768 })])).toEqual([2])
  })
})

describe('the border of a metadata block', () => {
  const name = latin1('name') // an entry of 12 bytes, under a header of 12
  const next = latin1('next')
  const two = [entry({ name }), entry({ name: next })]

  it.each([
    [BLOCK - 25, 1],
    [BLOCK - 24, 0],
    [BLOCK - 23, 0],
    [BLOCK - 12, 0],
    [BLOCK - 1, 0],
  ])(
    'begins a new run with an index entry, unless the entry begins before it: listing at %d',
    (offset, same) => {
      const { bytes, indexEntries } = encodeListing(two, offset)
      expect(decode(bytes).map(({ names }) => names.length)).toEqual(same ? [2] : [1, 1])
      expect(indexEntries).toEqual(same ? [] : [{ offset: 24, name: next }])
    },
  )

  it('has no index entry if it is in the first block of the listing', () => {
    for (const offset of [0, 1, BLOCK - 1]) expect(encodeListing([entry()], offset).indexEntries).toEqual([])
  })

  it('has one index entry for each block, even if more runs begin there', () => {
    const list = [...two, ...entries(3, (n) => ({ inodeBlock: 10 * n }))]
    const { bytes, indexEntries } = encodeListing(list, BLOCK - 24)
    expect(decode(bytes).map(({ names }) => names.length)).toEqual([1, 2, 1, 1])
    expect(indexEntries).toEqual([{ offset: 24, name: next }])
  })

  it('has an index entry for every later block', () => {
    const long = latin1('x'.repeat(252)) // an entry of 260 bytes
    const list = entries(100, () => ({ name: long }))
    const { bytes, indexEntries } = encodeListing(list, 0)
    // The first block: a header and 32 names to byte 8,332; the next: a header at 8,332 and 31 names; and so on.
    expect(indexEntries.map(({ offset }) => offset)).toEqual([8332, 16_404, 24_736])
    expect(decode(bytes).map(({ at, names }) => [at, names.length])).toEqual([
      [0, 32],
      [8332, 31],
      [16_404, 32],
      [24_736, 5],
    ])
  })
})

describe('any listing', () => {
  interface PlannedRun {
    readonly count: number
    readonly nameLength: number
    readonly inodeBlock: number
    readonly first: number
    readonly step: number
  }

  const aRun: fc.Arbitrary<PlannedRun> = fc.record({
    count: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.constantFrom(1, 255, 256, 257, 600)),
    nameLength: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(255)),
    inodeBlock: fc.constantFrom(0, 0, 0, 4000, 0xffff_ffff),
    first: fc.oneof(fc.integer({ min: 70_000, max: 100_000 }), fc.integer({ min: 1, max: 0xffff_0000 })),
    step: fc.constantFrom(1, 1, 0, -1, 20, -100, 32_767, 32_768),
  })

  const aList = fc.tuple(fc.array(aRun, { maxLength: 6 }), fc.nat(255)).map(([runs, seed]) =>
    runs.flatMap(({ count, nameLength, inodeBlock, first, step }) =>
      entries(count, (n) => ({
        name: Uint8Array.from({ length: nameLength }, (_, at) => (seed + n + 7 * at) & 0xff),
        type: (((seed + n) % 7) + 1) as ListingEntry['type'],
        inodeNumber: Math.min(Math.max(first + step * n, 1), 0xffff_ffff),
        inodeBlock,
        inodeOffset: (seed * n) % BLOCK,
      })),
    ),
  )

  /** A name and its inode as text, so that thousands are compared fast. */
  const line = (e: ListingEntry) =>
    `${Buffer.from(e.name).toString('hex')} ${e.type} ${e.inodeNumber} ${e.inodeBlock}:${e.inodeOffset}`

  const blockOf = (offset: number, at: number) => Math.floor((offset + at) / BLOCK)

  it('is decoded to its entries, with valid runs and no more of them than necessary', () => {
    fc.assert(
      fc.property(aList, fc.nat(BLOCK - 1), (list, offset) => {
        const runs = decode(encodeListing(list, offset).bytes)
        expect(runs.flatMap(({ names }) => names.map(line))).toEqual(list.map(line))
        for (const [n, { at, names }] of runs.entries()) {
          expect(names.length).toBeLessThanOrEqual(256)
          // The last of several names begins in the same metadata block as the header.
          const last = names.slice(0, -1).reduce((place, { name }) => place + 8 + name.length, at + 12)
          if (names.length > 1) expect(blockOf(offset, last)).toBe(blockOf(offset, at))

          const before = runs[n - 1]
          if (!before) continue
          const away = names[0]!.inodeNumber - before.names[0]!.inodeNumber
          const needed =
            before.names.length === 256 ||
            before.names[0]!.inodeBlock !== names[0]!.inodeBlock ||
            away < -0x8000 ||
            away > 0x7fff ||
            blockOf(offset, before.at) !== blockOf(offset, at)
          expect(needed).toBe(true)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('has an index entry at the first run of each block after the first', () => {
    fc.assert(
      fc.property(aList, fc.nat(BLOCK - 1), (list, offset) => {
        const { bytes, indexEntries } = encodeListing(list, offset)
        const firstOfBlock = new Map<number, { offset: number; name: Uint8Array }>()
        for (const { at, names } of decode(bytes)) {
          const block = blockOf(offset, at)
          if (block > 0 && !firstOfBlock.has(block))
            firstOfBlock.set(block, { offset: at, name: names[0]!.name })
        }
        expect(indexEntries).toEqual([...firstOfBlock.values()])
      }),
      { numRuns: 40 },
    )
  })
})

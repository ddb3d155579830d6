import { deflateSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Codec, uncompressed } from '../codec/codec.js'
import { memorySink } from '../destination/memory-sink.js'
import type { Xattr } from '../tree/node.js'
import { encoderOf } from './encode-block.js'
import { createOutput } from './output.js'
import { createXattrTable } from './xattr-table.js'

const NO_XATTR = 0xffff_ffff
const deflating: Codec = { name: 'deflate', id: 1, compress: (bytes) => deflateSync(bytes) }
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))
const pattern = (length: number, seed = 1) => Uint8Array.from({ length }, (_, n) => (n * seed) & 0xff)

const set = (values: Readonly<Record<string, Uint8Array | string>>): Xattr[] =>
  Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? latin1(value) : value])

async function written(
  sets: readonly (readonly Xattr[] | null)[],
  codec: Codec = uncompressed(),
  before = 0,
) {
  const table = createXattrTable()
  const indices = sets.map((xattrs) => table.indexOf(xattrs))
  const sink = memorySink()
  const output = createOutput(sink, 0)
  output.append(new Uint8Array(before).fill(0xaa))
  const start = await table.write(output, encoderOf(codec), false)
  await output.flush()
  return { indices, start, image: Buffer.from(sink.bytes()) }
}

interface StoredXattr {
  readonly name: string
  readonly value: Uint8Array
  readonly outOfLine: boolean
}

/** All sets of a table, read from an image like the kernel does. The table is at the end of the image. */
function readTable(image: Buffer, start: number): StoredXattr[][] {
  const keyValues = Number(image.readBigUInt64LE(start))
  const count = image.readUInt32LE(start + 8)
  expect(image.readUInt32LE(start + 12)).toBe(0)
  expect(image.length).toBe(start + 16 + 8 * Math.ceil(count / 512))

  const block = (at: number) => {
    const header = image.readUInt16LE(at)
    const onDisk = image.subarray(at + 2, at + 2 + (header & 0x7fff))
    return { content: header & 0x8000 ? onDisk : inflateSync(onDisk), next: at + 2 + onDisk.length }
  }
  /** Bytes that may cross the end of a block. */
  const reader = (reference: number) => {
    let offset = reference % 65_536
    let { content, next } = block(keyValues + Math.floor(reference / 65_536))
    const take = (length: number): Buffer => {
      const parts: Buffer[] = []
      for (let left = length; left > 0; ) {
        if (offset === content.length) {
          ;({ content, next } = block(next))
          offset = 0
        }
        const part = content.subarray(offset, offset + left)
        parts.push(part)
        offset += part.length
        left -= part.length
      }
      return Buffer.concat(parts)
    }
    return { take, value: () => take(take(4).readUInt32LE()) }
  }

  return Array.from({ length: count }, (_, id) => {
    const index = Number(image.readBigUInt64LE(start + 16 + 8 * Math.floor(id / 512)))
    const record = block(index).content.subarray(16 * (id % 512))
    const { take, value } = reader(Number(record.readBigUInt64LE(0)))
    const xattrs: StoredXattr[] = []
    let size = 0
    for (let n = 0; n < record.readUInt32LE(8); n++) {
      const key = take(4)
      const [type, length] = [key.readUInt16LE(0), key.readUInt16LE(2)]
      const name = ['user.', 'trusted.', 'security.'][type & 0xff] + take(length).toString('latin1')
      const inLine = value()
      const outOfLine = (type & 0x100) !== 0
      size += 4 + length + 4 + inLine.length
      const there = outOfLine ? reader(Number(inLine.readBigUInt64LE())).value() : inLine
      if (outOfLine) expect(inLine.length).toBe(8)
      xattrs.push({ name, value: new Uint8Array(there), outOfLine })
    }
    expect(record.readUInt32LE(12)).toBe(size)
    return xattrs
  })
}

/** Sets as text, so that large values are compared fast. */
const expectedOf = (sets: readonly (readonly Xattr[])[]) =>
  sets.map((xattrs) => xattrs.map(([name, value]) => `${name}=${Buffer.from(value).toString('base64')}`))

const shownOf = (sets: readonly StoredXattr[][]) =>
  expectedOf(sets.map((xattrs) => xattrs.map(({ name, value }): Xattr => [name, value])))

describe('an xattr table', () => {
  it('is absent if no inode has xattrs', async () => {
    const { indices, start, image } = await written([null, null], uncompressed(), 10)
    expect(indices).toEqual([NO_XATTR, NO_XATTR])
    expect(start).toBeNull()
    expect(image.length).toBe(10)
  })

  it('consists of keys and values, ids, header and index, byte by byte', async () => {
    const { start, image } = await written([set({ 'user.ab': 'xyz', 'security.c': '' })], uncompressed(), 100)
    expect(image.subarray(100).toString('hex')).toBe(
      [
        '1680', // 22 bytes, stored
        '0000 0200 6162 03000000 78797a',
        '0200 0100 63 00000000',
        '1080', // 16 bytes, stored
        '0000000000000000 02000000 16000000', // reference, count, size
        '6400000000000000 01000000 00000000', // start of keys and values, count
        '7c00000000000000', // where the ids lie
      ]
        .join('')
        .replaceAll(' ', ''),
    )
    expect(start).toBe(100 + 24 + 18)
  })

  it('contains equal sets once', async () => {
    const a = set({ 'user.a': '1', 'user.b': '2' })
    const { indices, start, image } = await written([
      a,
      null,
      set({ 'user.a': '1' }),
      a,
      set({ 'user.a': '1', 'user.b': '2' }),
      set({ 'user.a': '1', 'user.b': '3' }),
      set({ 'user.a': '1' }),
    ])
    expect(indices).toEqual([0, NO_XATTR, 1, 0, 0, 2, 1])
    expect(shownOf(readTable(image, start!))).toEqual(
      expectedOf([a, set({ 'user.a': '1' }), set({ 'user.a': '1', 'user.b': '3' })]),
    )
  })

  it('distinguishes sets that differ only in where a value ends', async () => {
    const sets = [
      set({ 'user.a': 'x', 'user.b': '' }),
      set({ 'user.a': 'xuser.b\x000\0' }),
      set({ 'user.a': '', 'user.b': 'x' }),
      set({ 'user.a': '', 'trusted.b': 'x' }),
    ]
    const { indices, start, image } = await written(sets)
    expect(indices).toEqual([0, 1, 2, 3])
    expect(shownOf(readTable(image, start!))).toEqual(expectedOf(sets))
  })

  it.each([
    [7, false],
    [8, true],
    [8193, true],
    [65_536, true],
  ])('has a repeated value of %d bytes out of line: %s', async (length, outOfLine) => {
    const value = pattern(length, 3)
    const sets = [
      set({ 'user.a': value, 'user.b': '1' }),
      set({ 'security.c': value.slice() }),
      set({ 'user.x': 'other', 'user.y': value.slice(), 'user.z': value.slice() }),
    ]
    for (const codec of [uncompressed(), deflating]) {
      const { start, image } = await written(sets, codec, 5000)
      const read = readTable(image, start!)
      expect(shownOf(read)).toEqual(expectedOf(sets))
      expect(read.map((xattrs) => xattrs.map((xattr) => xattr.outOfLine))).toEqual([
        [false, false],
        [outOfLine],
        [false, outOfLine, outOfLine],
      ])
    }
  })

  it('has different long values inline', async () => {
    const sets = [set({ 'user.a': pattern(40, 3) }), set({ 'user.a': pattern(40, 5) })]
    const { start, image } = await written(sets)
    expect(readTable(image, start!).flat()).toMatchObject([{ outOfLine: false }, { outOfLine: false }])
    expect(shownOf(readTable(image, start!))).toEqual(expectedOf(sets))
  })

  it('refers to a value that spans two blocks, or begins after their border', async () => {
    const value = pattern(100, 7)
    for (const fill of [8073, 8074, 8075, 8100, 8173, 8174, 8175, 8176, 8177, 8178, 8179, 8191]) {
      const sets = [
        set({ 'user.f': pattern(fill, 1), 'user.v': value }),
        set({ 'user.g': pattern(9000, 2), 'user.v': value }),
      ]
      const { start, image } = await written(sets, deflating)
      const read = readTable(image, start!)
      expect(read[1]?.[1]?.outOfLine).toBe(true)
      expect(read.every((xattrs, n) => Buffer.from(xattrs[1]!.value).equals(sets[n]![1]![1]))).toBe(true)
    }
  })

  it.each([1, 511, 512, 513, 1025])('can have %d sets', async (count) => {
    const sets = Array.from({ length: count }, (_, n) =>
      set({ 'user.n': `${n}`, 'user.same': 'x'.repeat(50) }),
    )
    const { indices, start, image } = await written(sets, deflating, 77)
    expect(indices).toEqual(sets.map((_, n) => n))
    expect(shownOf(readTable(image, start!))).toEqual(expectedOf(sets))
  })

  it('can stay uncompressed', async () => {
    const table = createXattrTable()
    table.indexOf(set({ 'user.a': new Uint8Array(5000) }))
    const output = createOutput(memorySink(), 0)
    await table.write(output, encoderOf(deflating), true)
    expect(output.position).toBe(2 + (4 + 1 + 4 + 5000) + 2 + 16 + 16 + 8)
  })

  it('is read back', async () => {
    const aValue = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(32, 33, 200, 5000).map((length) => pattern(length, length)),
    )
    const aName = fc
      .tuple(
        fc.constantFrom('user.', 'trusted.', 'security.'),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
      )
      .map(([prefix, rest]) => prefix + Buffer.from(rest).toString('latin1').replaceAll('\0', '0'))
    const aSet = fc
      .uniqueArray(fc.tuple(aName, aValue), { selector: ([name]) => name, minLength: 1, maxLength: 5 })
      .map((xattrs): readonly Xattr[] => xattrs)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(aSet, { freq: 5 }), { maxLength: 20 }),
        fc.constantFrom(uncompressed(), deflating),
        async (sets, codec) => {
          const { indices, start, image } = await written(sets, codec)
          const stored = start === null ? [] : shownOf(readTable(image, start))
          const read = indices.map((index) => (index === NO_XATTR ? null : stored[index]))
          expect(read).toEqual(sets.map((xattrs) => xattrs && expectedOf([xattrs])[0]))
        },
      ),
      { numRuns: 50 },
    )
  })

  it('fails if its codec fails', async () => {
    const failing: Codec = {
      name: 'failing',
      id: 1,
      compress: () => Promise.reject(new Error('no space left')),
    }
    await expect(written([set({ 'user.a': '1' })], failing)).rejects.toThrow('no space left')
  })
})

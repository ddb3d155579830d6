import { deflateSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Codec, uncompressed } from '../codec/codec.js'
import { encoderOf } from './encode-block.js'
import { createMetadataWriter, offsetInBlock } from './metadata-writer.js'

const deflating: Codec = { name: 'deflate', id: 1, compress: (bytes) => deflateSync(bytes) }

/** Compresses to this many arbitrary bytes. */
const to = (length: number): Codec => ({
  name: 'any',
  id: 1,
  compress: () => new Uint8Array(length).fill(0xee),
})

const never: Codec = {
  name: 'never',
  id: 1,
  compress() {
    throw new Error('nothing was to be compressed')
  },
}

const pattern = (length: number, seed = 1) =>
  Uint8Array.from({ length }, (_, n) => (n * seed + (n >> 8)) & 0xff)

interface Block {
  /** Bytes from the table's start. */
  readonly start: number
  readonly stored: boolean
  readonly content: Uint8Array
}

/** The blocks of a table, by their headers. */
function readBlocks(table: Uint8Array): Block[] {
  const blocks: Block[] = []
  for (let at = 0; at < table.length; ) {
    const header = table[at]! + 256 * table[at + 1]!
    const stored = header >= 0x8000
    const onDisk = table.subarray(at + 2, at + 2 + (header % 0x8000))
    blocks.push({ start: at, stored, content: new Uint8Array(stored ? onDisk : inflateSync(onDisk)) })
    at += 2 + onDisk.length
  }
  return blocks
}

async function tableOf(records: readonly Uint8Array[], codec: Codec = deflating, stored = false) {
  const writer = createMetadataWriter(encoderOf(codec), stored)
  const marks = records.map((record) => {
    const mark = writer.mark()
    writer.append(record)
    return mark
  })
  const { blocks, size } = await writer.finish()
  return { blocks, size, table: Buffer.concat(blocks), marks, references: marks.map(writer.reference) }
}

describe('a metadata table', () => {
  it.each([
    [0, []],
    [1, [1]],
    [8191, [8191]],
    [8192, [8192]],
    [8193, [8192, 1]],
    [16_384, [8192, 8192]],
    [20_000, [8192, 8192, 3616]],
  ])('of %d bytes is divided into blocks of 8,192: %j', async (length, sizes) => {
    const content = pattern(length)
    const { table, size } = await tableOf([content])
    const blocks = readBlocks(table)
    expect(blocks.map((block) => block.content.length)).toEqual(sizes)
    expect(Buffer.concat(blocks.map((block) => block.content)).equals(content)).toBe(true)
    expect(size).toBe(table.length)
  })

  it('is read back, each record by its reference', async () => {
    const aRecord = fc.oneof(fc.nat(40), fc.nat(3000), fc.constantFrom(8191, 8192, 8193, 20_000))
    await fc.assert(
      fc.asyncProperty(
        fc.array(aRecord, { maxLength: 40 }),
        fc.boolean(),
        fc.constantFrom(deflating, uncompressed()),
        async (lengths, stored, codec) => {
          const records = lengths.map(pattern)
          const { table, references } = await tableOf(records, codec, stored)
          const blocks = readBlocks(table)
          const whole = Buffer.concat(blocks.map(({ content }) => content))
          expect(whole.equals(Buffer.concat(records))).toBe(true)
          expect(blocks.slice(0, -1).every(({ content }) => content.length === 8192)).toBe(true)
          for (const [n, record] of records.entries()) {
            const [start, offset] = [Math.floor(references[n]! / 65_536), references[n]! % 65_536]
            const index = blocks.findIndex((block) => block.start === start)
            // An empty record may begin at the end of a full last block; nothing else is beyond it.
            const place = (index < 0 ? blocks.length : index) * 8192 + offset
            expect(whole.subarray(place, place + record.length).equals(record)).toBe(true)
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  it('says of each block whether it is compressed', async () => {
    const { table } = await tableOf([new Uint8Array(8192)])
    expect(readBlocks(table)).toMatchObject([{ stored: false }])
    expect(table.length).toBeLessThan(100)
  })

  it.each([
    [99, false],
    [100, true],
    [101, true],
  ])('leaves a block of 100 bytes that compresses to %d uncompressed: %s', async (length, stored) => {
    const content = pattern(100)
    const { blocks } = await tableOf([content], to(length))
    const onDisk = stored ? content : new Uint8Array(length).fill(0xee)
    expect(Buffer.from(blocks[0]!).readUInt16LE(0)).toBe(onDisk.length + (stored ? 0x8000 : 0))
    expect(blocks[0]!.subarray(2)).toEqual(onDisk)
  })

  it('stays uncompressed on request, and if the codec never compresses', async () => {
    for (const { table } of [
      await tableOf([new Uint8Array(9000)], never, true),
      await tableOf([new Uint8Array(9000)], { ...never, uncompressed: true }, false),
    ])
      expect(readBlocks(table).map(({ stored, content }) => [stored, content.length])).toEqual([
        [true, 8192],
        [true, 808],
      ])
  })

  it('keeps the order of its blocks, although they are compressed at once and end in any order', async () => {
    const ends: (() => void)[] = []
    const codec: Codec = {
      name: 'late',
      id: 1,
      async compress(bytes) {
        const first = bytes[0]!
        await new Promise<void>((resolve) => ends.push(resolve))
        return Uint8Array.of(first)
      },
    }
    const writer = createMetadataWriter(encoderOf(codec), false)
    for (const n of [1, 2, 3]) writer.append(new Uint8Array(8192).fill(n))
    const finished = writer.finish()
    expect(ends.length).toBe(3)
    for (const end of ends.reverse()) end()
    expect((await finished).blocks).toEqual([1, 2, 3].map((n) => Uint8Array.of(1, 0, n)))
  })

  it('does not change a block while it is compressed', async () => {
    const inputs: Uint8Array[] = []
    const codec: Codec = {
      name: 'keeping',
      id: 1,
      compress: (bytes) => {
        inputs.push(bytes)
        return bytes
      },
    }
    const writer = createMetadataWriter(encoderOf(codec), false)
    const record = new Uint8Array(8192).fill(1)
    writer.append(record)
    record.fill(2)
    writer.append(record)
    await writer.finish()
    expect(inputs).toEqual([new Uint8Array(8192).fill(1), new Uint8Array(8192).fill(2)])
  })

  it('without records has no blocks', async () => {
    const writer = createMetadataWriter(encoderOf(never), false)
    expect(writer.mark()).toBe(0)
    expect(writer.reference(writer.mark())).toBe(0)
    writer.append(new Uint8Array(0))
    expect(await writer.finish()).toEqual({ blocks: [], size: 0 })
  })
})

describe('a mark', () => {
  it('is the position of the next record', () => {
    const writer = createMetadataWriter(encoderOf(uncompressed()), false)
    const marks = [1, 8190, 1, 8192, 8193, 1].map((length) => {
      writer.append(new Uint8Array(length))
      return writer.mark()
    })
    expect(marks).toEqual([1, 8191, 8192, 2 * 8192, 3 * 8192 + 1, 3 * 8192 + 2])
    expect(marks.map(offsetInBlock)).toEqual([1, 8191, 0, 0, 1, 2])
  })

  it('has a reference as soon as the blocks before it are encoded', async () => {
    const writer = createMetadataWriter(encoderOf(to(10)), false)
    await writer.locateBlocks()
    expect(writer.blockStart(0)).toBe(0)
    writer.append(new Uint8Array(8192 + 5))
    const mark = writer.mark()
    await writer.locateBlocks()
    expect([8191, 8192].map(writer.blockStart)).toEqual([0, 12])
    expect(writer.reference(mark)).toBe(12 * 65_536 + 5)

    writer.append(new Uint8Array(8192 + 6))
    await writer.locateBlocks()
    await writer.locateBlocks()
    expect([0, 8192, 2 * 8192].map(writer.blockStart)).toEqual([0, 12, 24])
    expect(writer.reference(writer.mark())).toBe(24 * 65_536 + 11)

    const { size, blocks } = await writer.finish()
    expect([size, blocks.length]).toEqual([36, 3])
  })
})

describe('a codec that fails', () => {
  const failing: Codec = {
    name: 'failing',
    id: 1,
    compress: () => Promise.reject(new Error('no space left')),
  }
  const aTurn = () => new Promise((resolve) => setTimeout(resolve, 5))

  it('fails the table at its end, and not before', async () => {
    const writer = createMetadataWriter(encoderOf(failing), false)
    writer.append(new Uint8Array(20_000))
    await aTurn()
    await expect(writer.finish()).rejects.toThrow('no space left')
  })

  it('fails the wait for its blocks', async () => {
    const writer = createMetadataWriter(encoderOf(failing), false)
    writer.append(new Uint8Array(8192))
    await aTurn()
    await expect(writer.locateBlocks()).rejects.toThrow('no space left')
  })

  it('may throw synchronously', async () => {
    const writer = createMetadataWriter(encoderOf(never), false)
    writer.append(new Uint8Array(8192))
    await aTurn()
    await expect(writer.finish()).rejects.toThrow('nothing was to be compressed')
  })
})

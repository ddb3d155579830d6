import { deflateSync, inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Codec } from '../codec/codec.js'
import { memorySink } from '../destination/memory-sink.js'
import { encoderOf } from './encode-block.js'
import { writeLookupTable } from './lookup-table.js'
import { createOutput } from './output.js'

const deflating: Codec = { name: 'deflate', id: 1, compress: (bytes) => deflateSync(bytes) }

/** Records of one size, each with a different number. */
const records = (count: number, size: number) =>
  Array.from({ length: count }, (_, n) => {
    const record = Buffer.alloc(size, n % 256)
    record.writeUInt32LE(n)
    return record
  })

/** A table after 1,000 other bytes. */
async function written(of: readonly Uint8Array[], stored = false, header?: Uint8Array) {
  const sink = memorySink()
  const output = createOutput(sink, 0)
  output.append(new Uint8Array(1000).fill(0xaa))
  const start = await writeLookupTable(output, encoderOf(deflating), stored, of, header)
  await output.flush()
  return { start, image: Buffer.from(sink.bytes()), end: output.position }
}

/** The records of each block, found by the index, like the kernel. */
function readTable(image: Buffer, index: number, end: number): Uint8Array[] {
  const blocks: Uint8Array[] = []
  for (let at = index; at < end; at += 8) {
    const block = Number(image.readBigUInt64LE(at))
    const header = image.readUInt16LE(block)
    const content = image.subarray(block + 2, block + 2 + (header & 0x7fff))
    blocks.push(header & 0x8000 ? content : inflateSync(content))
  }
  return blocks
}

describe('a lookup table', () => {
  it.each([
    ['ids', 4, 2048],
    ['export references', 8, 1024],
    ['fragments and xattr ids', 16, 512],
  ])('of %s, with %d bytes each, has %d in a block', async (_, size, perBlock) => {
    for (const count of [1, perBlock - 1, perBlock, perBlock + 1, 2 * perBlock, 2 * perBlock + 1]) {
      for (const stored of [false, true]) {
        const all = records(count, size)
        const { start, image, end } = await written(all, stored)
        expect(end - start).toBe(8 * Math.ceil(count / perBlock))
        const blocks = readTable(image, start, end)
        expect(Buffer.concat(blocks).equals(Buffer.concat(all))).toBe(true)
        for (const block of blocks.slice(0, -1)) expect(block.length).toBe(8192)
      }
    }
  })

  it('consists of blocks and then the index, byte by byte', async () => {
    const { start, image, end } = await written(records(2049, 4), true)
    const header = (at: number) => image.readUInt16LE(at)
    expect([header(1000), header(1000 + 8194)]).toEqual([0x8000 | 8192, 0x8000 | 4])
    expect(image.subarray(1000 + 8196, 1000 + 8200).toString('hex')).toBe('00080000')
    expect(start).toBe(1000 + 8194 + 6)
    expect(image.subarray(start).toString('hex')).toBe('e803000000000000ea23000000000000')
    expect(end).toBe(image.length)
  })

  it('has its header between blocks and index, and begins with it', async () => {
    const header = Uint8Array.from({ length: 16 }, (_, n) => n + 1)
    const all = records(513, 16)
    const { start, image, end } = await written(all, false, header)
    expect(new Uint8Array(image.subarray(start, start + 16))).toEqual(header)
    expect(end - start).toBe(16 + 16)
    expect(Buffer.concat(readTable(image, start + 16, end)).equals(Buffer.concat(all))).toBe(true)
  })

  it('accepts its records one by one', async () => {
    function* each() {
      yield* records(3, 4)
    }
    const output = createOutput(memorySink(), 0)
    expect(await writeLookupTable(output, encoderOf(deflating), true, each())).toBe(2 + 12)
    expect(output.position).toBe(2 + 12 + 8)
  })

  it('fails if its codec fails', async () => {
    const failing: Codec = {
      name: 'failing',
      id: 1,
      compress: () => Promise.reject(new Error('no space left')),
    }
    const output = createOutput(memorySink(), 0)
    await expect(writeLookupTable(output, encoderOf(failing), false, records(1, 4))).rejects.toThrow(
      'no space left',
    )
  })
})

import { Decoder, Encoder } from '@toondepauw/node-zstd'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../errors.js'
import { fitForKernel, zstd } from './zstd.js'

/** As the bundled library has it, before anything is made fit. */
const compress = (content: Uint8Array, level: number) => new Encoder(level).encode(Buffer.from(content))
const decompress = (frame: Uint8Array) => new Decoder().decode(Buffer.from(frame))

interface Frame {
  /** Bytes of window that a decoder must have. */
  readonly window: number
  /** Bytes of each block: of content for plain and repeated ones, of compressed bytes for the others. */
  readonly blocks: readonly number[]
  readonly end: number
}

/** What a frame tells of itself, read by RFC 8878, 3.1.1. */
function readFrame(bytes: Uint8Array): Frame {
  const frame = Buffer.from(bytes)
  expect(frame.readUInt32LE(0)).toBe(0xfd2f_b528)
  const descriptor = frame.readUInt8(4)
  const singleSegment = (descriptor & 0x20) !== 0
  const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!
  const checksumBytes = descriptor & 4 ? 4 : 0
  let at = 5
  let window = 0
  if (!singleSegment) {
    const base = 2 ** (10 + (frame.readUInt8(at) >> 3))
    window = base + (base / 8) * (frame.readUInt8(at) & 7)
    at += 1
  }
  at += dictionaryBytes
  if (singleSegment)
    window = sizeBytes === 2 ? frame.readUInt16LE(at) + 256 : frame.readUIntLE(at, Math.min(sizeBytes, 6))
  at += sizeBytes
  const blocks: number[] = []
  for (let last = false; !last; ) {
    const header = frame.readUIntLE(at, 3)
    last = (header & 1) !== 0
    const [type, size] = [(header >> 1) & 3, header >> 3]
    blocks.push(size)
    at += 3 + (type === 1 ? 1 : size)
  }
  return { window, blocks, end: at + checksumBytes }
}

/** The power of two that holds a content, but not below the smallest window there is. */
const roundedUp = (size: number) => Math.max(1024, 2 ** Math.ceil(Math.log2(size)))

const text = (size: number) =>
  new Uint8Array(Buffer.alloc(size, 'import numpy as np; from numpy import array\n'))

/** Noise that comes twice: only a match as far back as half the content makes it smaller. */
function farMatches(size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = 1
  const half = Math.ceil(size / 2)
  for (let n = 0; n < half; n++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[n] = state >>> 16
  }
  bytes.copyWithin(half, 0, size - half)
  return bytes
}

const SIZES = [
  1, 2, 255, 256, 1023, 1024, 1025, 2048, 2049, 4095, 4096, 4097, 8191, 8192, 8193, 65_536, 131_071, 131_072,
  131_073, 1_048_575, 1_048_576,
]

describe('a zstd frame', () => {
  it.each([1, 3, 15, 19])('of level %d declares no more window than its content needs', async (level) => {
    const codec = zstd({ level })
    for (const size of level > 3 ? SIZES.filter((n) => n <= 131_073) : SIZES) {
      for (const content of [text(size), farMatches(size)]) {
        const copy = content.slice()
        const frame = await codec.compress(content)
        const { window, blocks, end } = readFrame(frame)
        expect(window).toBeLessThanOrEqual(roundedUp(size))
        for (const block of blocks) expect(block).toBeLessThanOrEqual(Math.min(window, 131_072))
        expect(blocks.at(-1)).toBeGreaterThan(0)
        expect(end).toBe(frame.length)
        expect(Buffer.from(await decompress(frame)).equals(content)).toBe(true)
        expect(Buffer.compare(content, copy)).toBe(0)
      }
    }
  })

  it('uses the whole of its window', async () => {
    for (const size of [8192, 131_072, 1_048_576])
      expect((await zstd().compress(farMatches(size))).length).toBeLessThan(0.6 * size)
  })

  it('is the same each time, also when many are made at once', async () => {
    const codec = zstd()
    const frames = await Promise.all(Array.from({ length: 8 }, () => codec.compress(text(50_000))))
    for (const frame of frames) expect(frame).toEqual(frames[0])
  })

  it('is smaller at a higher level', async () => {
    const content = Buffer.concat(
      SIZES.slice(0, 15).map((size) => Buffer.from(`${size},${size * 7919};`.repeat(9))),
    )
    const size = async (level: number) => (await zstd({ level }).compress(content)).length
    expect(await size(19)).toBeLessThan(await size(1))
  })

  it('is that of level 3 when no level is given', async () => {
    const content = farMatches(20_000)
    expect(await zstd().compress(content)).toEqual(await zstd({ level: 3 }).compress(content))
  })
})

/** The magic, a descriptor, and what follows. */
const frameOf = (descriptor: number, rest: readonly number[]) =>
  Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, ...rest])

describe('the window', () => {
  /** A frame of one block, whose window has this logarithm and mantissa. */
  const frame = (log: number, mantissa = 0) => frameOf(0, [((log - 10) << 3) | mantissa, 0x09, 0, 0, 0x61])

  it.each([
    [1, 10],
    [1023, 10],
    [1024, 10],
    [1025, 11],
    [2048, 11],
    [2049, 12],
    [4096, 12],
    [4097, 13],
    [8192, 13],
    [131_072, 17],
    [131_073, 18],
    [1_048_576, 20],
  ])('for %d bytes is narrowed to 2^%d', (size, log) => {
    const bytes = frame(21)
    expect(fitForKernel(bytes, size)).toBe(bytes)
    expect(bytes).toEqual(frame(log))
    expect(fitForKernel(frame(27, 7), size)).toEqual(frame(log))
    expect(readFrame(frame(log)).window).toBe(2 ** log)
  })

  it('is left as it is where it is narrow enough', () => {
    expect(fitForKernel(frame(12), 4096)).toEqual(frame(12))
    expect(fitForKernel(frame(12), 4097)).toEqual(frame(12))
    expect(fitForKernel(frame(13), 4096)).toEqual(frame(12))
    expect(fitForKernel(frame(10), 1)).toEqual(frame(10))
    expect(fitForKernel(frame(10, 3), 1)).toEqual(frame(10, 3))
  })

  it('is the content itself where the frame is a single segment', () => {
    const single = () => frameOf(0x20, [0xff, 0x09, 0, 0, 0x61])
    expect(fitForKernel(single(), 1)).toEqual(single())
  })

  it('is what the bundled encoder declares too wide', async () => {
    expect(readFrame(await compress(text(4096), 3)).window).toBeGreaterThan(8192)
  })
})

describe('an empty last block', () => {
  const plain = [0x18, 0, 0, 0x61, 0x62, 0x63] // three bytes
  const repeated = [0x02, 0x04, 0, 0x61] // 128 times one byte, which takes one
  const compressed = [0x2c, 0, 0, 1, 2, 3, 4, 5] // five bytes, whatever they mean
  const empty = [0x01, 0, 0]
  const last = ([header, ...rest]: readonly number[]) => [header! | 1, ...rest]

  it.each([
    ['a plain block', [plain]],
    ['a repeated byte', [repeated]],
    ['a compressed block', [compressed]],
    ['several blocks', [plain, compressed, repeated, plain, repeated]],
    ['a block of more than 255 bytes', [[0x00, 0x08, 0, ...Buffer.alloc(256, 0x61)]]],
    ['a block of more than 65,535 bytes', [[0x00, 0x00, 0x08, ...Buffer.alloc(65_536, 1)], repeated]],
  ])('after %s goes; the block before is the last', (_, blocks) => {
    const kept = [...blocks.slice(0, -1).flat(), ...last(blocks.at(-1)!)]
    expect(fitForKernel(frameOf(0, [0, ...blocks.flat(), ...empty]), 1)).toEqual(frameOf(0, [0, ...kept]))
  })

  it('stays where there is none before it', () => {
    expect(fitForKernel(frameOf(0, [0, ...empty]), 1)).toEqual(frameOf(0, [0, ...empty]))
  })

  it('is looked for in vain where the last block has content', () => {
    for (const block of [plain, repeated, compressed]) {
      const frame = () => frameOf(0, [0, ...plain, ...last(block)])
      expect(fitForKernel(frame(), 1)).toEqual(frame())
    }
  })

  it.each([
    ['a window', 0x00, 1],
    ['a window and a dictionary id of one byte', 0x01, 2],
    ['a window and a dictionary id of two bytes', 0x02, 3],
    ['a window and a dictionary id of four bytes', 0x03, 5],
    ['a window and a size of two bytes', 0x40, 3],
    ['a window and a size of four bytes', 0x80, 5],
    ['a window and a size of eight bytes', 0xc0, 9],
    ['a size of one byte', 0x20, 1],
    ['a size of two bytes', 0x60, 2],
    ['a size of four bytes', 0xa0, 4],
    ['a size of eight bytes and a dictionary id of four', 0xe3, 12],
  ])('is found behind a head with %s', (_, descriptor, headBytes) => {
    const head = Array.from({ length: headBytes }, () => 0)
    expect(fitForKernel(frameOf(descriptor, [...head, ...plain, ...empty]), 1)).toEqual(
      frameOf(descriptor, [...head, ...last(plain)]),
    )
  })

  it('is what the bundled encoder ends with', async () => {
    expect(readFrame(await compress(text(131_072), 3)).blocks.at(-1)).toBe(0)
  })
})

describe('the codec', () => {
  it('is compressor 6', () => {
    expect(zstd()).toMatchObject({ name: 'zstd', id: 6 })
    expect(zstd().stores).toBeUndefined()
  })

  it.each([
    [undefined, 3],
    [1, 1],
    [14, 14],
    [16, 16],
    [22, 22],
  ])('tells a reader of its level: %d', (level, told) => {
    expect(zstd(level === undefined ? {} : { level }).options).toEqual(Uint8Array.of(told, 0, 0, 0))
  })

  it('tells nothing of level 15, which is implied', () => {
    expect(zstd({ level: 15 })).not.toHaveProperty('options')
  })

  it.each([0, 23, -1, 2.5, Number.NaN, Number.POSITIVE_INFINITY])('has no level %d', (level) => {
    expect(() => zstd({ level })).toThrow(new OptionError('level', level, 'an integer from 1 to 22'))
    expect(() => zstd({ level })).toThrow(OptionError)
  })
})

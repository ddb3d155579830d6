import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { decompress } from '@mongodb-js/zstd'
import { readZstdFrame } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../errors.js'
import { zstd } from './zstd.js'
import { nodeHasZstd } from './zstd-node.js'

/** `test/zstd-node.test.ts` tests Node's own encoder, on the versions of Node that have it. */
const ENCODERS = nodeHasZstd ? (['bundled', 'node'] as const) : (['bundled'] as const)

/** The smallest power of two that holds a content, and at least the smallest window. */
const roundedUp = (size: number) => Math.max(1024, 2 ** Math.ceil(Math.log2(size)))

const text = (size: number) =>
  new Uint8Array(Buffer.alloc(size, 'import numpy as np; from numpy import array\n'))

/** The same noise twice: it gets smaller only with a match that is half the content away. */
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
  1, 2, 255, 256, 257, 1023, 1024, 1025, 2048, 2049, 4095, 4096, 4097, 8191, 8192, 8193, 65_536, 65_791,
  65_792, 131_071, 131_072, 131_073, 1_048_575, 1_048_576,
]

describe.each(ENCODERS)('a zstd frame by the %s encoder', (encoder) => {
  it.each([1, 3, 15, 19])(
    'of level %d declares its content size, and a window no larger than the content',
    async (level) => {
      const codec = zstd({ level, encoder })
      for (const size of level > 3 ? SIZES.filter((n) => n <= 131_073) : SIZES) {
        for (const content of [text(size), farMatches(size)]) {
          const copy = content.slice()
          const frame = await codec.compress(content)
          const { window, contentSize, blocks, end } = readZstdFrame(frame)
          expect(contentSize).toBe(size)
          expect(window).toBeLessThanOrEqual(roundedUp(size))
          for (const block of blocks) expect(block).toBeLessThanOrEqual(Math.min(window, 131_072))
          expect(blocks.at(-1)).toBeGreaterThan(0)
          expect(end).toBe(frame.length)
          expect(Buffer.from(await decompress(Buffer.from(frame))).equals(content)).toBe(true)
          expect(Buffer.compare(content, copy)).toBe(0)
        }
      }
    },
  )

  it('uses its whole window', async () => {
    for (const size of [8192, 131_072, 1_048_576])
      expect((await zstd({ encoder }).compress(farMatches(size))).length).toBeLessThan(0.6 * size)
  })

  it('is the same each time, also if many are compressed at once, and after others', async () => {
    const codec = zstd({ encoder })
    const frames = await Promise.all(Array.from({ length: 8 }, () => codec.compress(text(50_000))))
    await codec.compress(farMatches(100_000))
    frames.push(await codec.compress(text(50_000)))
    for (const frame of frames) expect(frame).toEqual(frames[0])
  })

  it('is the same for bytes in shared memory', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(70_000))
    shared.set(text(50_000), 10_000)
    const codec = zstd({ encoder })
    expect(await codec.compress(shared.subarray(10_000, 60_000))).toEqual(await codec.compress(text(50_000)))
  })

  it('is smaller at each higher level', async () => {
    const content = readFileSync(new URL('../../../../pnpm-lock.yaml', import.meta.url)).subarray(0, 100_000)
    const sizes: number[] = []
    for (const level of [1, 5, 19]) sizes.push((await zstd({ level, encoder }).compress(content)).length)
    expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => b - a))
  })

  it('has level 3 by default', async () => {
    const content = farMatches(20_000)
    expect(await zstd({ encoder }).compress(content)).toEqual(
      await zstd({ level: 3, encoder }).compress(content),
    )
  })
})

describe('the codec', () => {
  it('is compressor 6', () => {
    expect(zstd()).toMatchObject({ name: 'zstd', id: 6 })
    expect(zstd().uncompressed).toBeUndefined()
  })

  it.each([
    [undefined, 3],
    [1, 1],
    [14, 14],
    [16, 16],
    [22, 22],
  ])('writes its level into the compressor options: %d', (level, reported) => {
    expect(zstd(level === undefined ? {} : { level }).options).toEqual(Uint8Array.of(reported, 0, 0, 0))
  })

  it('writes no options for level 15, the default of the format', () => {
    expect(zstd({ level: 15 })).not.toHaveProperty('options')
  })

  it.each([0, 23, -1, 2.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses level %d', (level) => {
    expect(() => zstd({ level })).toThrow(new OptionError('level', level, 'an integer from 1 to 22'))
    expect(() => zstd({ level })).toThrow(OptionError)
  })

  it.each(ENCODERS)('can be created again by a worker: the %s encoder', (encoder) => {
    expect(zstd({ level: 7, encoder }).recipe).toEqual({ kind: 'zstd', level: 7, encoder })
  })
})

describe('the encoder', () => {
  it("is Node's own if there is one, else the bundled one, and has a name and version", () => {
    const { zstd: own } = process.versions
    const expected = own ? { name: 'node', version: own } : { name: 'bundled', version: '1.5.2' }
    expect(zstd().encoder).toEqual(expected)
    expect(zstd({ encoder: 'bundled' }).encoder).toEqual({ name: 'bundled', version: '1.5.2' })
  })

  it('that is bundled has the declared version', () => {
    const library = createRequire(createRequire(import.meta.url).resolve('@mongodb-js/zstd'))
    const binary = Object.keys(library.cache).find((path) => /\/zstd[^/]*\.node$/.test(path))
    // The messages of the binary contain the path of the crate that it was built from.
    expect(readFileSync(binary!, 'latin1')).toContain(
      `+zstd.${zstd({ encoder: 'bundled' }).encoder?.version}/`,
    )
  })

  it('must be one of the two', () => {
    const encoder = 'fast' as 'node'
    expect(() => zstd({ encoder })).toThrow(new OptionError('encoder', 'fast', "'node' or 'bundled'"))
  })
})

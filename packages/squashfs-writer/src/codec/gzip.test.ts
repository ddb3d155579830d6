import { readFileSync } from 'node:fs'
import { deflateSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OptionError } from '../errors.js'
import { gzip, portableGzip } from './gzip.js'

const text = (size: number) => new Uint8Array(Buffer.alloc(size, 'import numpy as np; '))
const noise = (size: number) =>
  Uint8Array.from({ length: size }, (_, n) => (Math.imul(n, n * 7919) >>> 7) & 0xff)

describe.each([
  ['gzip', gzip],
  ['portableGzip', portableGzip],
])('%s', (_, make) => {
  it('is compressor 1', () => {
    expect(make()).toMatchObject({ name: 'gzip', id: 1 })
    expect(make().uncompressed).toBeUndefined()
  })

  it.each([1, 2, 255, 256, 1023, 4096, 8191, 8192, 131_072, 1_048_576])(
    'writes zlib streams that inflate to the %d input bytes',
    async (size) => {
      for (const content of [text(size), noise(size), new Uint8Array(size)]) {
        const packed = await make().compress(content)
        expect(packed[0]).toBe(0x78) // deflate with a window of 32 KiB (RFC 1950)
        expect(inflateSync(packed).equals(content)).toBe(true)
      }
    },
  )

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('compresses at level %d', async (level) => {
    const content = text(20_000)
    const packed = await make({ level }).compress(content)
    expect(packed.length).toBeLessThan(1000)
    expect(inflateSync(packed).equals(content)).toBe(true)
  })

  it('compresses many blocks at once, and does not change them', async () => {
    const codec = make()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 5 }),
        async (blocks) => {
          const copies = blocks.map((block) => block.slice())
          const packed = await Promise.all(blocks.map((block) => codec.compress(block)))
          expect(packed.map((bytes) => new Uint8Array(inflateSync(bytes)))).toEqual(copies)
          expect(blocks).toEqual(copies)
        },
      ),
    )
  })

  it('gives the same bytes each time', async () => {
    const content = Buffer.concat([text(5000), noise(500)])
    expect(await make({ level: 6 }).compress(content)).toEqual(await make({ level: 6 }).compress(content))
  })

  it.each([1, 8])('writes compressor options for level %d, which is not the default', (level) => {
    const onDisk = Uint8Array.of(level, 0, 0, 0, 15, 0, 0, 0)
    expect(make({ level }).options).toEqual(onDisk)
  })

  it('writes no options for level 9, the default', async () => {
    expect(make()).not.toHaveProperty('options')
    expect(make({ level: 9 })).not.toHaveProperty('options')
    const content = noise(9000)
    expect(await make().compress(content)).toEqual(await make({ level: 9 }).compress(content))
  })

  it.each([0, 10, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses level %d', (level) => {
    expect(() => make({ level })).toThrow(new OptionError('level', level, 'an integer from 1 to 9'))
    expect(() => make({ level })).toThrow(OptionError)
  })
})

describe('gzip of Node', () => {
  const source = new Uint8Array(readFileSync(new URL('./gzip.ts', import.meta.url)))

  afterEach(() => {
    vi.doUnmock('./zlib-handle.js')
    vi.resetModules()
  })

  it('gives the bytes of zlib, with a table for many symbols at fast levels, and for few at others', async () => {
    for (const [level, settings] of [
      [1, { level: 1, memLevel: 9 }],
      [3, { level: 3, memLevel: 9 }],
      [4, { level: 4, memLevel: 7 }],
      [8, { level: 8, memLevel: 7 }],
    ] as const)
      expect(Buffer.from(await gzip({ level }).compress(source))).toEqual(deflateSync(source, settings))
  })

  it('is at level 9 as small as zlib at its own', async () => {
    const own = deflateSync(source, { level: 9 }).length
    expect((await gzip({ level: 9 }).compress(source)).length).toBeLessThanOrEqual(own)
  })

  it.each([3, 9])('gives the same bytes without a native handle, at level %d', async (level) => {
    const expected = await gzip({ level }).compress(source)
    vi.doMock('./zlib-handle.js', () => ({ nativeSideOf: () => null }))
    vi.resetModules()
    const without = await import('./gzip.js')
    expect(await without.gzip({ level }).compress(source)).toEqual(expected)
  })
})

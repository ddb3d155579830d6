import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ImageError } from '../errors.js'
import { expanderOf } from './expand.js'
import { zstd } from './zstd.js'

const fail = (what: string, code: ImageError['code'] = 'DAMAGED_IMAGE', cause?: unknown) =>
  new ImageError(code, what, { cause })

const CONTENT = new Uint8Array(Buffer.from('content '.repeat(1000)))

const PACKED: readonly (readonly [string, number, () => Promise<Uint8Array>])[] = [
  ['gzip', 1, async () => deflateSync(CONTENT)],
  ['zstd', 6, async () => await zstd().compress(CONTENT)],
]

describe.each(PACKED)('%s', (_, id, pack) => {
  it('gives back what was compressed, up to the limit and not beyond it', async () => {
    const expand = expanderOf(id, fail)
    const packed = await pack()
    for (const limit of [CONTENT.length, CONTENT.length + 1, 1_048_576])
      expect(Buffer.from(await expand(packed, limit)).equals(CONTENT)).toBe(true)
    for (const limit of [CONTENT.length - 1, 4096, 1])
      await expect(async () => await expand(packed, limit)).rejects.toMatchObject({ code: 'DAMAGED_IMAGE' })
  })

  it('refuses what is cut off, and what is something else', async () => {
    const expand = expanderOf(id, fail)
    const packed = await pack()
    const wrong = [
      packed.subarray(0, packed.length - 5),
      packed.subarray(1),
      new Uint8Array(100),
      new Uint8Array(0),
    ]
    for (const bytes of wrong)
      await expect(async () => {
        const content = await expand(bytes, 1_048_576)
        // Node takes a zstd frame that is cut off for a short one; the reader knows how long it must be.
        if (content.length < CONTENT.length) throw fail('short')
      }).rejects.toMatchObject({ code: 'DAMAGED_IMAGE' })
  })
})

it.each([
  [2, 'lzma'],
  [3, 'lzo'],
  [4, 'xz'],
  [5, 'lz4'],
  [99, 'compressor 99'],
])('compressor %i is an error that names %s', (id, name) => {
  expect(() => expanderOf(id, fail)).toThrow(
    expect.objectContaining({
      code: 'UNKNOWN_COMPRESSOR',
      message: expect.stringContaining(`it is compressed with ${name}, and this library reads zstd and gzip`),
    }),
  )
})

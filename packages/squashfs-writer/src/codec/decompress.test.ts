import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ImageError } from '../errors.js'
import { type Decompress, decompressorFor } from './decompress.js'
import { zstd } from './zstd.js'

const fail = (what: string, code: ImageError['code'] = 'DAMAGED_IMAGE', cause?: unknown) =>
  new ImageError(code, what, { cause })

const CONTENT = new Uint8Array(Buffer.from('content '.repeat(1000)))

/** Expands a block into memory of at most `limit` bytes. */
async function expanded(expand: Decompress, bytes: Uint8Array, limit: number): Promise<Buffer> {
  const output = Buffer.alloc(limit)
  return output.subarray(0, await expand(bytes, output))
}

const PACKED: readonly (readonly [string, number, () => Promise<Uint8Array>])[] = [
  ['gzip', 1, async () => deflateSync(CONTENT)],
  ['zstd', 6, async () => await zstd().compress(CONTENT)],
]

describe.each(PACKED)('%s', (_, id, pack) => {
  it('decompresses a block up to the limit, and refuses a larger one', async () => {
    const expand = decompressorFor(id, fail)
    const packed = await pack()
    for (const limit of [CONTENT.length, CONTENT.length + 1, 1_048_576])
      expect((await expanded(expand, packed, limit)).equals(CONTENT)).toBe(true)
    for (const limit of [CONTENT.length - 1, 4096, 1])
      await expect(async () => await expanded(expand, packed, limit)).rejects.toMatchObject({
        code: 'DAMAGED_IMAGE',
      })
  })

  it('refuses a truncated block, and bytes that are not a block', async () => {
    const expand = decompressorFor(id, fail)
    const packed = await pack()
    const wrong = [
      packed.subarray(0, packed.length - 5),
      packed.subarray(1),
      new Uint8Array(100),
      new Uint8Array(0),
    ]
    for (const bytes of wrong)
      await expect(async () => {
        const content = await expanded(expand, bytes, 1_048_576)
        // Node accepts a truncated zstd frame. The reader knows its length.
        if (content.length < CONTENT.length) throw fail('short')
      }).rejects.toMatchObject({ code: 'DAMAGED_IMAGE' })
  })

  it('decompresses an intact block after a damaged one, repeatedly', async () => {
    const expand = decompressorFor(id, fail)
    const packed = await pack()
    const damaged = packed.map((byte, n) => (n > 12 && n < packed.length - 4 ? byte ^ 0xff : byte))
    for (const wrong of [damaged, packed.subarray(0, packed.length - 3), packed.subarray(2), damaged]) {
      await expanded(expand, wrong, 65_536).catch(() => {})
      expect((await expanded(expand, packed, 65_536)).equals(CONTENT)).toBe(true)
    }
  })

  it('decompresses blocks of different sizes one after another', async () => {
    const expand = decompressorFor(id, fail)
    const packed = await pack()
    for (const size of [1, 50, 8192, 131_072]) {
      const content = Buffer.alloc(size, 'another content')
      const other = id === 1 ? deflateSync(content) : await zstd({ level: 9 }).compress(content)
      expect((await expanded(expand, other, 131_072)).equals(content)).toBe(true)
      expect((await expanded(expand, packed, 8192)).equals(CONTENT)).toBe(true)
    }
  })
})

it.each([
  [2, 'lzma'],
  [3, 'lzo'],
  [4, 'xz'],
  [5, 'lz4'],
  [99, 'compressor 99'],
])('throws an error for compressor %i that names %s', (id, name) => {
  expect(() => decompressorFor(id, fail)).toThrow(
    expect.objectContaining({
      code: 'UNKNOWN_COMPRESSOR',
      message: expect.stringContaining(`it is compressed with ${name}, and this library reads zstd and gzip`),
    }),
  )
})

import { describe, expect, it } from 'vitest'
import { zstd } from './zstd.js'
import { frameBound } from './zstd-bound.js'

const WINDOW = 2 ** 23

/** A frame from its parts: magic, descriptor, and the rest. */
function frame(descriptor: number, ...rest: readonly number[]): Uint8Array {
  return Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, descriptor, ...rest)
}

/** The header of a block: last, raw (0), run (1), compressed (2) or reserved (3), and its size. */
function block(last: boolean, type: number, size: number): readonly number[] {
  const header = (last ? 1 : 0) | (type << 1) | (size << 3)
  return [header & 0xff, (header >> 8) & 0xff, header >> 16]
}

describe('the bound of a frame', () => {
  it('is the content size, if the frame declares it', () => {
    expect(frameBound(frame(0x20, 5, ...block(true, 1, 5), 7), 100, WINDOW)).toEqual({
      bytes: 5,
      exact: true,
    })
    expect(frameBound(frame(0x60, 0x00, 0x01, ...block(true, 1, 512), 7), 1000, WINDOW)).toEqual({
      bytes: 512,
      exact: true,
    })
    expect(frameBound(frame(0xa0, 1, 0, 0, 0, ...block(true, 0, 1), 9), 1000, WINDOW)).toEqual({
      bytes: 1,
      exact: true,
    })
  })

  it('is the sum of the bounds of its blocks, if it does not', () => {
    const blocks = [...block(false, 0, 2), 1, 2, ...block(false, 1, 1000), 3, ...block(true, 2, 1), 4]
    expect(frameBound(frame(0x00, 0, ...blocks), 100, WINDOW)).toEqual({
      bytes: 2 + 1000 + 1024,
      exact: false,
    })
  })

  it.each([1000, 4096, 131_072, 1_048_576])(
    'is not exceeded by a frame that our encoder makes of %i bytes',
    async (size) => {
      const content = Uint8Array.from({ length: size }, (_, n) => (n * 7919) >> 4)
      for (const level of [1, 3, 19]) {
        const compressed = await zstd({ level }).compress(content)
        const bound = frameBound(compressed, size, WINDOW)
        expect(bound?.bytes).toBeGreaterThanOrEqual(size)
      }
    },
  )
})

describe('the bound refuses', () => {
  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['another magic', Uint8Array.of(1, 2, 3, 4, 5, 6, 7)],
    ['a frame that is cut off', frame(0x20, 5, ...block(true, 0, 5), 1, 2)],
    ['a frame without a last block', frame(0x20, 5, ...block(false, 1, 5), 7)],
    ['what follows the frame', frame(0x20, 5, ...block(true, 1, 5), 7, 8)],
    ['a content beyond the limit', frame(0xa0, 0xff, 0xff, 0xff, 0x7f, ...block(true, 1, 5), 7)],
    ['a content of 2^63 bytes', frame(0xe0, 0, 0, 0, 0, 0, 0, 0, 0x80, ...block(true, 1, 5), 7)],
    ['a window of a gibibyte', frame(0x00, 20 << 3, ...block(true, 1, 5), 7)],
    ['a reserved type of block', frame(0x20, 5, ...block(true, 3, 5), 7)],
    ['a reserved bit', frame(0x28, 5, ...block(true, 1, 5), 7)],
    ['a block beyond 128 KiB', frame(0x00, 0, ...block(true, 1, 131_073), 7)],
    [
      'more blocks than an encoder makes',
      frame(
        0x00,
        0,
        ...Array.from({ length: 1600 }, () => [...block(false, 1, 1), 0]).flat(),
        ...block(true, 0, 0),
      ),
    ],
  ])('%s', (_, bytes) => {
    expect(frameBound(bytes, 1_048_576, WINDOW)).toBeNull()
  })
})

import { compress } from '@mongodb-js/zstd'
import { readZstdFrame } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { fitForKernel } from './zstd-frame.js'

/** The magic, a descriptor, and the rest. */
const frameOf = (descriptor: number, rest: readonly number[]) =>
  Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, ...rest])

/** A frame of one byte with the smallest possible header. */
const single = (size: number, rest: readonly number[]) => frameOf(0x20, [size, ...rest])

const plain = [0x18, 0, 0, 0x61, 0x62, 0x63] // three bytes
const repeated = [0x02, 0x04, 0, 0x61] // 128 times one byte, which takes one
const compressed = [0x2c, 0, 0, 1, 2, 3, 4, 5] // five bytes, whatever they mean
const empty = [0x01, 0, 0]
const last = ([header, ...rest]: readonly number[]) => [header! | 1, ...rest]

describe('the window', () => {
  it.each([
    [1, [0x20, 1]],
    [255, [0x20, 255]],
    [256, [0x60, 0, 0]],
    [257, [0x60, 1, 0]],
    [4096, [0x60, 0x00, 0x0f]],
    [65_791, [0x60, 0xff, 0xff]],
    [65_792, [0xa0, 0x00, 0x01, 0x01, 0]],
    [131_072, [0xa0, 0, 0, 2, 0]],
    [1_048_575, [0xa0, 0xff, 0xff, 0x0f, 0]],
    [1_048_576, [0xa0, 0, 0, 0x10, 0]],
    [0xfedc_ba98, [0xa0, 0x98, 0xba, 0xdc, 0xfe]],
  ])('for %d bytes of content is the content, whose size is declared', (size, [descriptor, ...sizeBytes]) => {
    const fit = frameOf(descriptor!, [...sizeBytes, ...last(plain)])
    for (const window of [0, 0x58, 0x8f])
      expect(fitForKernel(frameOf(0, [window, ...last(plain)]), size)).toEqual(fit)
    expect(readZstdFrame(fit)).toEqual({
      singleSegment: true,
      window: size,
      contentSize: size,
      blocks: [3],
      end: fit.length,
    })
  })

  it('is rewritten if the frame already declares the content size', () => {
    expect(fitForKernel(single(3, last(plain)), 3)).toEqual(single(3, last(plain)))
    expect(fitForKernel(frameOf(0xa0, [3, 0, 0, 0, ...last(plain)]), 3)).toEqual(single(3, last(plain)))
  })

  it('is too large in frames of the bundled encoder, which declare no content size', async () => {
    const frame = readZstdFrame(await compress(Buffer.alloc(4096, 'text '), 3))
    expect(frame.window).toBeGreaterThan(8192)
    expect(frame.contentSize).toBeNull()
  })
})

describe('an empty last block', () => {
  it.each([
    ['a plain block', [plain]],
    ['a repeated byte', [repeated]],
    ['a compressed block', [compressed]],
    ['several blocks', [plain, compressed, repeated, plain, repeated]],
    ['a block of more than 255 bytes', [[0x00, 0x08, 0, ...Buffer.alloc(256, 0x61)]]],
    ['a block of more than 65,535 bytes', [[0x00, 0x00, 0x08, ...Buffer.alloc(65_536, 1)], repeated]],
  ])('after %s is removed, and the block before it becomes the last one', (_, blocks) => {
    const kept = [...blocks.slice(0, -1).flat(), ...last(blocks.at(-1)!)]
    expect(fitForKernel(frameOf(0, [0, ...blocks.flat(), ...empty]), 9)).toEqual(single(9, kept))
  })

  it('stays if there is no block before it', () => {
    expect(fitForKernel(frameOf(0, [0, ...empty]), 9)).toEqual(single(9, empty))
  })

  it('is not found if the last block has content', () => {
    for (const block of [plain, repeated, compressed])
      expect(fitForKernel(frameOf(0, [0, ...plain, ...last(block)]), 9)).toEqual(
        single(9, [...plain, ...last(block)]),
      )
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
  ])('is found after a header with %s', (_, descriptor, headerBytes) => {
    const header = Array.from({ length: headerBytes }, () => 0)
    expect(fitForKernel(frameOf(descriptor, [...header, ...plain, ...empty]), 9)).toEqual(
      single(9, last(plain)),
    )
  })

  it('is written by the bundled encoder', async () => {
    expect(readZstdFrame(await compress(Buffer.alloc(131_072, 'text '), 3)).blocks.at(-1)).toBe(0)
  })
})

import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { readFrames } from './frames.js'

/** A stream that yields `step` bytes at a time. */
function stream(text: string, step: number): Readable {
  const bytes = Buffer.from(text)
  const count = Math.ceil(bytes.length / step)
  return Readable.from(Array.from({ length: count }, (_, n) => bytes.subarray(n * step, (n + 1) * step)))
}

describe.each([1, 2, 3, 7, 100])('output that arrives %d bytes at a time', (step) => {
  it('is read as lines and as byte strings of a given length', async () => {
    const frames = readFrames(stream('{"é": 1}\nab\ncdrest\n\nend', step))
    expect(await frames.line()).toBe('{"é": 1}')
    expect(await frames.bytes(5)).toEqual(Buffer.from('ab\ncd'))
    expect(await frames.bytes(0)).toEqual(Buffer.from(''))
    expect(await frames.line()).toBe('rest')
    expect(await frames.line()).toBe('')
    expect(await frames.bytes(2)).toEqual(Buffer.from('en'))
    expect(await frames.line()).toBeUndefined()
  })

  it('is undefined when it ends too early', async () => {
    expect(await readFrames(stream('abc', step)).bytes(4)).toBeUndefined()
    expect(await readFrames(stream('abc', step)).line()).toBeUndefined()
  })
})

import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Codec, uncompressed } from '../codec/codec.js'
import { memorySink } from '../destination/memory-sink.js'
import { createBlockWriter } from './block-writer.js'
import { type EncodedBlock, encodeBlock } from './encode-block.js'
import { createOutput, type Output } from './output.js'

/** Drops the last byte, so that the output shows which block it was. */
const dropping: Codec = { name: 'dropping', id: 1, compress: (bytes) => bytes.slice(0, -1) }

const never: Codec = {
  name: 'never',
  id: 1,
  compress() {
    throw new Error('nothing was to be compressed')
  },
}

/** A codec whose results the test releases. */
function manual() {
  const calls: { readonly done: (result: Uint8Array) => void; readonly fail: (error: Error) => void }[] = []
  const codec: Codec = {
    name: 'manual',
    id: 1,
    compress: () => new Promise<Uint8Array>((done, fail) => calls.push({ done, fail })),
  }
  return { codec, calls }
}

function imageOf(codec: Codec, limit = 100) {
  const sink = memorySink()
  const output = createOutput(sink, 0)
  const writer = createBlockWriter(output, limit)
  const written: [start: number, sizeWord: number][] = []
  return {
    writer,
    written,
    submit: (bytes: Uint8Array, stored = false) =>
      writer.append(encoded(codec, bytes, stored), (start, sizeWord) => written.push([start, sizeWord])),
    async bytes() {
      await output.flush()
      return sink.bytes()
    },
  }
}

/** A block that is encoded at once or later. Both fail in the same way. */
function encoded(codec: Codec, bytes: Uint8Array, stored: boolean): EncodedBlock | Promise<EncodedBlock> {
  try {
    return encodeBlock(codec, bytes, stored)
  } catch (error) {
    return Promise.reject(error)
  }
}

const block = (length: number, value = length) => new Uint8Array(length).fill(value)
const aTurn = () => new Promise((resolve) => setTimeout(resolve, 2))

/** Whether a promise is settled. */
async function isDone(promise: Promise<unknown> | undefined): Promise<boolean> {
  await aTurn()
  return Promise.race([Promise.resolve(promise).then(() => true), aTurn().then(() => false)])
}

describe('blocks', () => {
  it('are written in the given order, and each is reported with its position and size', async () => {
    const image = imageOf(dropping)
    for (const length of [10, 20, 5]) image.submit(block(length))
    await image.writer.drain()
    expect(image.written).toEqual([
      [0, 9],
      [9, 19],
      [28, 4],
    ])
    expect(await image.bytes()).toEqual(
      new Uint8Array(Buffer.concat([block(9, 10), block(19, 20), block(4, 5)])),
    )
  })

  it('keep their order for any order of compression and any limit', async () => {
    const aBlock = fc.record({ length: fc.integer({ min: 1, max: 50 }), stored: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(aBlock, { maxLength: 20 }),
        fc.integer({ min: 1, max: 8 }),
        async (scheduler, blocks, limit) => {
          let [underWay, most] = [0, 0]
          const codec: Codec = {
            name: 'scheduled',
            id: 1,
            async compress(bytes) {
              most = Math.max(most, ++underWay)
              await scheduler.schedule(Promise.resolve())
              underWay--
              return bytes.slice(0, bytes[0]! % 2 === 0 ? -1 : undefined)
            },
          }
          const image = imageOf(codec, limit)
          const all = async () => {
            for (const [n, { length, stored }] of blocks.entries()) {
              await image.writer.backpressure()
              image.submit(block(length, n), stored)
            }
            await image.writer.drain()
          }
          await scheduler.waitFor(all())

          const expected: { start: number; word: number; bytes: Uint8Array }[] = []
          let start = 0
          for (const [n, { length, stored }] of blocks.entries()) {
            const smaller = !stored && n % 2 === 0
            const size = smaller ? length - 1 : length
            expected.push({ start, word: smaller ? size : size + 0x0100_0000, bytes: block(size, n) })
            start += size
          }
          expect(image.written).toEqual(expected.map(({ start, word }) => [start, word]))
          expect(await image.bytes()).toEqual(
            new Uint8Array(Buffer.concat(expected.map(({ bytes }) => bytes))),
          )
          expect(most).toBeLessThanOrEqual(limit)
        },
      ),
    )
  })

  it.each([
    [9, 9, false],
    [10, 0x0100_000a, true],
    [11, 0x0100_000a, true],
  ])(
    'of 10 bytes that compress to %d are left uncompressed unless that is smaller',
    async (length, word, stored) => {
      const image = imageOf({ name: 'any', id: 1, compress: () => block(length, 0xee) })
      image.submit(block(10, 7))
      await image.writer.drain()
      expect(image.written).toEqual([[0, word]])
      expect(await image.bytes()).toEqual(stored ? block(10, 7) : block(length, 0xee))
    },
  )

  it('are not compressed if they are to stay uncompressed, or if the codec never compresses', async () => {
    const wanted = imageOf(never)
    wanted.submit(block(10), true)
    expect(wanted.written).toEqual([[0, 0x0100_000a]])
    const always = imageOf({ ...never, uncompressed: true })
    always.submit(block(10))
    expect(always.written).toEqual([[0, 0x0100_000a]])
    const none = imageOf(uncompressed())
    none.submit(block(10))
    expect(none.written).toEqual([[0, 0x0100_000a]])
    await Promise.all([wanted, always, none].map(({ writer }) => writer.drain()))
  })

  it('that are uncompressed wait for those before them', async () => {
    const { codec, calls } = manual()
    const image = imageOf(codec)
    image.submit(block(10))
    image.submit(block(5), true)
    await aTurn()
    expect(image.written).toEqual([])
    calls[0]!.done(block(3))
    await image.writer.drain()
    expect(image.written).toEqual([
      [0, 3],
      [3, 0x0100_0005],
    ])
  })

  it('may be many', async () => {
    const image = imageOf({ name: 'deflate', id: 1, compress: async (bytes) => deflateSync(bytes) }, 3)
    const contents = Array.from({ length: 200 }, (_, n) => block(100 + n, n))
    for (const content of contents) {
      await image.writer.backpressure()
      image.submit(content)
    }
    await image.writer.drain()
    const sizes = contents.map((content) => deflateSync(content).length)
    expect(image.written.map(([, word]) => word)).toEqual(sizes)
    expect(await image.bytes()).toEqual(
      new Uint8Array(Buffer.concat(contents.map((content) => deflateSync(content)))),
    )
  })
})

describe('compression', () => {
  it('runs for several blocks at a time', () => {
    const { codec, calls } = manual()
    const image = imageOf(codec, 7)
    for (let n = 0; n < 7; n++) image.submit(block(10))
    expect(calls.length).toBe(7)
  })

  it('does not run for uncompressed blocks', async () => {
    const { codec, calls } = manual()
    const image = imageOf(codec, 100)
    image.submit(block(10), true)
    image.submit(block(11))
    image.submit(block(12), true)
    expect(calls.length).toBe(1)
    calls[0]!.done(block(1))
    await image.writer.drain()
    expect(image.written.map(([, word]) => word)).toEqual([0x0100_000a, 1, 0x0100_000c])
  })
})

describe('the wait for fewer blocks', () => {
  it('is needed if the limit of pending blocks is reached, and ends when one is written', async () => {
    const { codec, calls } = manual()
    const { writer, submit } = imageOf(codec, 2)
    expect(writer.backpressure()).toBeUndefined()
    submit(block(10))
    expect(writer.backpressure()).toBeUndefined()
    submit(block(10))
    const wait = writer.backpressure()
    expect(await isDone(wait)).toBe(false)
    calls[1]!.done(block(1)) // still behind the first
    expect(await isDone(wait)).toBe(false)
    calls[0]!.done(block(1))
    expect(await isDone(wait)).toBe(true)
    expect(writer.backpressure()).toBeUndefined()
  })

  it('is needed with one pending block if the limit is one', async () => {
    const { codec, calls } = manual()
    const { writer, submit } = imageOf(codec, 1)
    submit(block(10))
    const waits = [writer.backpressure(), writer.backpressure(), writer.drain()]
    expect(await isDone(waits[0])).toBe(false)
    calls[0]!.done(block(1))
    await Promise.all(waits)
    expect(writer.backpressure()).toBeUndefined()
  })

  it('is otherwise that of the output', async () => {
    let free = () => {}
    const waits = new Promise<void>((resolve) => {
      free = resolve
    })
    const output: Output = {
      position: 0,
      appendFromBase: () => 0,
      append: () => 0,
      backpressure: () => waits,
      startWriting: () => {},
      flush: () => Promise.resolve(),
      overwrite: () => Promise.resolve(),
    }
    const writer = createBlockWriter(output, 1)
    expect(writer.backpressure()).toBe(waits)
    writer.append(Promise.resolve({ data: block(9), sizeWord: 9 }), () => {})
    const [wait, drained] = [writer.backpressure(), writer.drain()]
    expect(await isDone(wait)).toBe(false)
    expect(await isDone(drained)).toBe(false)
    free()
    await Promise.all([wait, drained])
  })
})

describe('a codec that fails', () => {
  it('fails every wait, before and after', async () => {
    const { codec, calls } = manual()
    const { writer, submit, written } = imageOf(codec, 2)
    submit(block(10))
    submit(block(10))
    const wait = writer.backpressure()
    calls[1]!.fail(new Error('no space left'))
    await expect(wait).rejects.toThrow('no space left')
    await expect(writer.backpressure()).rejects.toThrow('no space left')
    calls[0]!.done(block(1))
    await aTurn()
    await expect(writer.drain()).rejects.toThrow('no space left')
    expect(written).toEqual([])
  })

  it('is reported even if nobody waited, and if its block was the last', async () => {
    const { codec, calls } = manual()
    const { writer, submit, written } = imageOf(codec)
    submit(block(10))
    submit(block(10))
    calls[0]!.done(block(1))
    await aTurn()
    calls[1]!.fail(new Error('no space left'))
    await aTurn()
    await expect(writer.drain()).rejects.toThrow('no space left')
    expect(written).toEqual([[0, 1]])
  })

  it('is reported by its first error, thrown or rejected', async () => {
    const { writer, submit } = imageOf({
      name: 'failing',
      id: 1,
      compress(bytes) {
        if (bytes[0] === 1) throw new Error('first')
        return Promise.reject(new Error('second'))
      },
    })
    submit(block(1))
    submit(block(2))
    await aTurn()
    await expect(writer.drain()).rejects.toThrow('first')
  })

  it('also stops uncompressed blocks', async () => {
    const { writer, submit, written } = imageOf(never)
    submit(block(10))
    await aTurn()
    submit(block(10), true)
    await expect(writer.drain()).rejects.toThrow('nothing was to be compressed')
    expect(written).toEqual([])
  })
})

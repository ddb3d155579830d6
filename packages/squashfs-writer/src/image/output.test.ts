import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createOutput, type Sink } from './output.js'

const MIB = 1_048_576

/** Keeps copies of what is written. */
function recording() {
  const writes: { readonly bytes: Uint8Array; readonly position: number }[] = []
  const sink: Sink = {
    write(bytes, position) {
      writes.push({ bytes: bytes.slice(), position })
    },
  }
  return { sink, writes, sizes: () => writes.map(({ bytes, position }) => [position, bytes.length]) }
}

/** A sink whose writes the test completes. */
function manual() {
  const writes: {
    readonly bytes: Uint8Array
    readonly done: () => void
    readonly fail: (e: Error) => void
  }[] = []
  const sink: Sink = {
    write: (bytes) => new Promise<void>((done, fail) => writes.push({ bytes, done, fail })),
  }
  return { sink, writes }
}

const block = (length: number, value = 1) => new Uint8Array(length).fill(value)
const aTurn = () => new Promise((resolve) => setTimeout(resolve, 2))

async function isDone(promise: Promise<unknown> | undefined): Promise<boolean> {
  return Promise.race([Promise.resolve(promise).then(() => true), aTurn().then(() => false)])
}

describe('the output', () => {
  it('gathers pieces into writes of 1 MiB', async () => {
    const { sink, sizes } = recording()
    const output = createOutput(sink, 0)
    output.append(block(MIB - 1))
    expect(sizes()).toEqual([])
    output.append(block(1))
    expect(sizes()).toEqual([[0, MIB]])
    output.append(block(5))
    output.append(block(2 * MIB))
    expect(sizes()).toEqual([
      [0, MIB],
      [MIB, MIB],
      [2 * MIB, MIB],
    ])
    await output.flush()
    expect(sizes().slice(3)).toEqual([[3 * MIB, 5]])
  })

  it('returns the position of each piece', () => {
    const output = createOutput(recording().sink, 4096)
    expect(output.position).toBe(0)
    expect([10, 0, MIB, 1].map((length) => output.append(block(length)))).toEqual([0, 10, 10, MIB + 10])
    expect(output.position).toBe(MIB + 11)
  })

  it('begins at its offset in the destination', async () => {
    const { sink, sizes } = recording()
    const output = createOutput(sink, 4096)
    output.append(block(MIB + 3))
    await output.flush()
    await output.overwrite(block(96), 0)
    await output.overwrite(block(2), 50)
    expect(sizes()).toEqual([
      [4096, MIB],
      [4096 + MIB, 3],
      [4096, 96],
      [4146, 2],
    ])
  })

  it('contains all appended bytes, in order', async () => {
    const aPiece = fc.oneof(fc.nat(1000), fc.nat(3 * MIB), fc.constantFrom(0, MIB - 1, MIB, MIB + 1))
    await fc.assert(
      fc.asyncProperty(fc.array(aPiece, { maxLength: 8 }), async (lengths) => {
        const { sink, writes } = recording()
        const output = createOutput(sink, 0)
        const pieces = lengths.map((length, n) => block(length, n + 1))
        for (const piece of pieces) output.append(piece)
        await output.flush()
        let end = 0
        for (const { position, bytes } of writes) {
          expect(position).toBe(end)
          end += bytes.length
        }
        expect(Buffer.concat(writes.map(({ bytes }) => bytes)).equals(Buffer.concat(pieces))).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  it('copies its input', async () => {
    const { sink, writes } = recording()
    const output = createOutput(sink, 0)
    const piece = block(10)
    output.append(piece)
    piece.fill(9)
    await output.flush()
    expect(writes[0]?.bytes).toEqual(block(10))
  })

  it('does not change bytes while the sink writes them', async () => {
    const { sink, writes } = manual()
    const output = createOutput(sink, 0)
    for (const value of [1, 2, 3]) output.append(block(MIB, value))
    writes[1]!.done()
    await aTurn()
    for (const value of [4, 5, 6]) output.append(block(MIB, value))
    const firsts = writes.map(({ bytes }) => [bytes[0], bytes[MIB - 1]])
    expect([0, 2, 3, 4, 5].map((n) => firsts[n])).toEqual([1, 3, 4, 5, 6].map((value) => [value, value]))
    for (const { done } of writes) done()
    await output.flush()
  })

  it('writes nothing if there is nothing', async () => {
    const { sink, writes } = recording()
    const output = createOutput(sink, 0)
    expect(output.append(block(0))).toBe(0)
    await output.flush()
    await output.flush()
    expect(writes).toEqual([])
  })

  it('is flushed when the sink has written everything', async () => {
    const { sink, writes } = manual()
    const output = createOutput(sink, 0)
    output.append(block(MIB + 1))
    const flushed = output.flush()
    expect(writes.length).toBe(2)
    writes[1]!.done()
    expect(await isDone(flushed)).toBe(false)
    writes[0]!.done()
    await flushed
  })
})

describe('pieces that may be borrowed', () => {
  /** A sink that takes several pieces in one write. The test completes the writes. */
  function borrowing() {
    const writes: {
      readonly pieces: readonly Uint8Array[]
      readonly position: number
      readonly done: () => void
    }[] = []
    const take = (pieces: readonly Uint8Array[], position: number) =>
      new Promise<void>((done) => writes.push({ pieces, position, done }))
    const sink: Sink = { write: (bytes, position) => take([bytes], position), writev: take }
    return { sink, writes }
  }

  it('are written without a copy, in order with copied ones, and released when they are written', async () => {
    const { sink, writes } = borrowing()
    const output = createOutput(sink, 0)
    const released: string[] = []
    const [large, other] = [block(100_000, 2), block(20_000, 4)]
    output.append(block(10, 1))
    output.append(large, () => released.push('large'))
    output.append(block(10, 3))
    output.append(block(10, 3))
    output.append(other, () => released.push('other'))
    const flushed = output.flush()
    expect(writes.map(({ pieces }) => pieces.map(({ length }) => length))).toEqual([
      [10, 100_000, 20, 20_000],
    ])
    expect([writes[0]!.pieces[1], writes[0]!.pieces[3]]).toEqual([large, other])
    expect(writes[0]!.pieces[1]).toBe(large)
    await aTurn()
    expect(released).toEqual([])
    writes[0]!.done()
    await flushed
    expect(released).toEqual(['large', 'other'])
  })

  it('are copied and released at once if they are small, or the sink has no writev', async () => {
    let released = 0
    const small = createOutput(borrowing().sink, 0)
    small.append(block(100), () => released++)
    const plain = recording()
    const output = createOutput(plain.sink, 0)
    output.append(block(100_000), () => released++)
    expect(released).toBe(2)
    await output.flush()
    expect(plain.sizes()).toEqual([[0, 100_000]])
  })

  it('are no more than eight in a write, so that few buffers wait for it', () => {
    const { sink, writes } = borrowing()
    const output = createOutput(sink, 0)
    for (let n = 0; n < 20; n++) output.append(block(20_000), () => {})
    expect(writes.map(({ pieces, position }) => [pieces.length, position])).toEqual([
      [8, 0],
      [8, 160_000],
    ])
  })

  it('become one piece if they are adjacent, small ones too, and are released with it', async () => {
    const { sink, writes } = borrowing()
    const output = createOutput(sink, 0)
    let released = 0
    const bytes = Uint8Array.from({ length: 400_000 }, (_, n) => n)
    const borrow = (start: number, end: number) => output.append(bytes.subarray(start, end), () => released++)
    for (let n = 1; n < 20; n++) borrow(n * 16_384, (n + 1) * 16_384)
    borrow(20 * 16_384, 20 * 16_384 + 5)
    borrow(20 * 16_384 + 6, 390_000)
    output.append(block(3, 9))
    borrow(390_000, 400_000)
    const flushed = output.flush()
    expect(writes.map(({ pieces }) => pieces.map(({ length }) => length))).toEqual([
      [19 * 16_384 + 5, 390_000 - 20 * 16_384 - 6, 3 + 10_000],
    ])
    expect(writes[0]!.pieces[0]).toEqual(bytes.subarray(16_384, 20 * 16_384 + 5))
    expect(writes[0]!.pieces[0]!.buffer).toBe(bytes.buffer)
    expect(released).toBe(1) // the last one was copied
    writes[0]!.done()
    await flushed
    expect(released).toBe(22)
  })

  it('are released if the sink fails', async () => {
    let released = 0
    const fail = () => Promise.reject(new Error('full'))
    const output = createOutput({ write: fail, writev: fail }, 0)
    output.append(block(100_000), () => released++)
    await expect(output.flush()).rejects.toThrow('full')
    expect(released).toBe(1)
  })

  it('make the same image, copied or borrowed', async () => {
    const aPiece = fc.record({
      length: fc.oneof(fc.nat(1000), fc.nat(MIB), fc.constantFrom(0, 16_384, MIB - 1, MIB)),
      lent: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(aPiece, { maxLength: 12 }), async (given) => {
        const written = new Uint8Array(given.reduce((sum, { length }) => sum + length, 0))
        const write = async (bytes: Uint8Array, position: number) => written.set(bytes, position)
        const writev = async (pieces: readonly Uint8Array[], position: number) => {
          await aTurn()
          let at = position
          for (const piece of pieces) {
            written.set(piece, at)
            at += piece.length
          }
        }
        const output = createOutput({ write, writev }, 0)
        const pieces = given.map(({ length }, n) => block(length, n + 1))
        const expected = Buffer.concat(pieces)
        let released = 0
        for (const [n, piece] of pieces.entries()) {
          output.append(
            piece,
            given[n]!.lent
              ? () => {
                  released++
                  piece.fill(99)
                }
              : undefined,
          )
          if (!given[n]!.lent) piece.fill(98)
        }
        await output.flush()
        expect(Buffer.compare(written, expected)).toBe(0)
        expect(released).toBe(given.filter(({ lent }) => lent).length)
      }),
      { numRuns: 20 },
    )
  })
})

describe('the wait for fewer writes', () => {
  it('begins at four pending writes, and ends when one of them is done', async () => {
    const { sink, writes } = manual()
    const output = createOutput(sink, 0)
    expect(output.backpressure()).toBeUndefined()
    output.append(block(3 * MIB))
    expect(output.backpressure()).toBeUndefined()
    output.append(block(MIB))
    const wait = output.backpressure()
    expect(await isDone(wait)).toBe(false)
    writes[2]!.done()
    expect(await isDone(wait)).toBe(true)
    expect(output.backpressure()).toBeUndefined()
    for (const { done } of writes) done()
    await output.flush()
  })

  it('ends only when fewer than four are pending, for any number before', async () => {
    const { sink, writes } = manual()
    const output = createOutput(sink, 0)
    output.append(block(6 * MIB))
    const wait = output.backpressure()
    for (const n of [0, 1]) writes[n]!.done()
    expect(await isDone(wait)).toBe(false)
    writes[2]!.done()
    expect(await isDone(wait)).toBe(true)
    for (const { done } of writes) done()
    await output.flush()
  })
})

describe('a sink that fails', () => {
  it('fails the flush, by its first error', async () => {
    const { sink, writes } = manual()
    const output = createOutput(sink, 0)
    output.append(block(2 * MIB))
    writes[1]!.fail(new Error('first'))
    await aTurn()
    writes[0]!.fail(new Error('second'))
    await expect(output.flush()).rejects.toThrow('first')
  })

  it('fails every wait for fewer writes, before and after', async () => {
    const { sink, writes } = manual()
    const output = createOutput(sink, 0)
    output.append(block(4 * MIB))
    const wait = output.backpressure()
    writes[0]!.fail(new Error('full'))
    await expect(wait).rejects.toThrow('full')
    expect(() => output.backpressure()).toThrow('full')
  })

  it('gets no further writes', async () => {
    let calls = 0
    const output = createOutput(
      {
        write() {
          calls++
          throw new Error('full')
        },
      },
      0,
    )
    output.append(block(3 * MIB + 1))
    await expect(output.flush()).rejects.toThrow('full')
    expect(calls).toBe(1)
    await expect(output.flush()).rejects.toThrow('full')
  })

  it('fails an overwrite', async () => {
    const output = createOutput({ write: () => Promise.reject(new Error('full')) }, 0)
    await expect(output.overwrite(block(1), 0)).rejects.toThrow('full')
  })
})

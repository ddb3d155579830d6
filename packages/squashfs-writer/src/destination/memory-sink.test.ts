import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memorySink } from './memory-sink.js'

describe('a memory sink', () => {
  it('is empty at first', () => {
    expect(memorySink().bytes()).toEqual(new Uint8Array(0))
  })

  it('contains the written bytes, with zeros in gaps', () => {
    const sink = memorySink()
    sink.write(Uint8Array.of(1, 2), 3)
    sink.write(Uint8Array.of(9), 7)
    expect(sink.bytes()).toEqual(Uint8Array.of(0, 0, 0, 1, 2, 0, 0, 9))
    sink.write(Uint8Array.of(5, 6), 0)
    expect(sink.bytes()).toEqual(Uint8Array.of(5, 6, 0, 1, 2, 0, 0, 9))
  })

  it('keeps no reference to its input, and returns copies', () => {
    const sink = memorySink()
    const given = Uint8Array.of(1)
    sink.write(given, 0)
    given[0] = 2
    const had = sink.bytes()
    expect(had).toEqual(Uint8Array.of(1))
    had[0] = 3
    sink.write(Uint8Array.of(4), 1)
    expect(sink.bytes()).toEqual(Uint8Array.of(1, 4))
  })

  it.each([65_535, 65_536, 65_537, 131_072, 131_073, 1_000_000])('grows to %d bytes', (size) => {
    const sink = memorySink()
    sink.write(new Uint8Array(size - 1).fill(1), 0)
    sink.write(Uint8Array.of(2), size - 1)
    const bytes = sink.bytes()
    expect(bytes.length).toBe(size)
    expect([bytes[0], bytes[size - 2], bytes[size - 1]]).toEqual([1, 1, 2])
  })

  it('keeps the last bytes that were written at each position', () => {
    const aWrite = fc.record({ position: fc.nat(200_000), length: fc.nat(100_000), value: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(aWrite, { maxLength: 8 }), (writes) => {
        const sink = memorySink()
        const end = Math.max(0, ...writes.map(({ position, length }) => position + length))
        const expected = new Uint8Array(end)
        for (const { position, length, value } of writes) {
          sink.write(new Uint8Array(length).fill(value), position)
          expected.fill(value, position, position + length)
        }
        expect(Buffer.compare(sink.bytes(), expected)).toBe(0)
      }),
      { numRuns: 50 },
    )
  })
})

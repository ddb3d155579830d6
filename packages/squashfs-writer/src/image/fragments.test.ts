import { describe, expect, it } from 'vitest'
import type { BlockWriter } from './block-writer.js'
import { createFragments, type PartsEncoder } from './fragments.js'
import { UNSHARED } from './lease.js'

const BLOCK = 100

interface Submitted {
  readonly parts: readonly Uint8Array[]
  readonly bytes: Uint8Array
  readonly stored: boolean
  readonly written: (start: number, sizeWord: number) => void
}

function packing(stored = false) {
  const submitted: Submitted[] = []
  const given: Omit<Submitted, 'written'>[] = []
  const encode: PartsEncoder = (all, stored) => {
    const parts = all.filter((part) => part instanceof Uint8Array)
    given.push({ parts, bytes: new Uint8Array(Buffer.concat(parts)), stored })
    return new Promise(() => {})
  }
  const writer: BlockWriter = {
    append: (_, written) => submitted.push({ ...given.at(-1)!, written }),
    backpressure: () => undefined,
    drain: () => Promise.resolve(),
  }
  const fragments = createFragments(writer, encode, BLOCK, stored)
  /** A tail that lies alone, and whose bytes nobody waits for. */
  const add = (length: number) => fragments.add(tail(length), UNSHARED)
  return { submitted, fragments, add }
}

/** A lease that says how often it is held. */
function countedLease() {
  const lease = {
    held: 0,
    acquire: () => {
      lease.held++
    },
    release: () => {
      lease.held--
    },
  }
  return lease
}

const tail = (length: number) => new Uint8Array(length).fill(length)

describe('tails', () => {
  it('share a block as long as they fit', () => {
    const { fragments, submitted, add } = packing()
    expect([40, 59, 1, 1, 99, 1].map((length) => add(length))).toEqual([
      { fragment: 0, fragmentOffset: 0 },
      { fragment: 0, fragmentOffset: 40 },
      { fragment: 0, fragmentOffset: 99 },
      { fragment: 1, fragmentOffset: 0 },
      { fragment: 1, fragmentOffset: 1 },
      { fragment: 2, fragmentOffset: 0 },
    ])
    fragments.finish()
    expect(submitted.map(({ bytes }) => bytes)).toEqual([
      new Uint8Array(Buffer.concat([tail(40), tail(59), tail(1)])),
      new Uint8Array(Buffer.concat([tail(1), tail(99)])),
      tail(1),
    ])
  })

  it('begin a new block when they do not fit', () => {
    const { submitted, add } = packing()
    expect(add(50)).toEqual({ fragment: 0, fragmentOffset: 0 })
    expect(add(51)).toEqual({ fragment: 1, fragmentOffset: 0 })
    expect(submitted.map(({ bytes }) => bytes)).toEqual([tail(50)])
  })

  it('that lie in a row are a block as they are, in use until it is written', () => {
    const { fragments, submitted } = packing()
    const [lease, bytes] = [countedLease(), Uint8Array.from({ length: 200 }, (_, n) => n)]
    const places = [10, 40, 60, 100, 150].map((at, n, all) =>
      fragments.add(bytes.subarray(at, all[n + 1] ?? 200), lease),
    )
    expect(places).toEqual([
      { fragment: 0, fragmentOffset: 0 },
      { fragment: 0, fragmentOffset: 30 },
      { fragment: 0, fragmentOffset: 50 },
      { fragment: 1, fragmentOffset: 0 },
      { fragment: 1, fragmentOffset: 50 },
    ])
    fragments.finish()
    expect(submitted.map(({ parts }) => parts.map((part) => [part.buffer === bytes.buffer, part]))).toEqual([
      [[true, bytes.subarray(10, 100)]],
      [[true, bytes.subarray(100, 200)]],
    ])
    expect(lease.held).toBe(2)
    submitted[1]!.written(0, 0)
    expect(lease.held).toBe(1)
    submitted[0]!.written(0, 0)
    expect(lease.held).toBe(0)
  })

  it.each([
    ['between them', (bytes: Uint8Array) => bytes.subarray(11, 20)],
    ['before them', (bytes: Uint8Array) => bytes.subarray(9, 20)],
    ['in another buffer', (bytes: Uint8Array) => bytes.slice(10, 20)],
  ])('are a block of several parts where there is something %s', (_, second) => {
    const { fragments, submitted } = packing()
    const [first, later] = [countedLease(), countedLease()]
    const bytes = Uint8Array.from({ length: 40 }, (_, n) => n)
    const expected = Buffer.concat([bytes.subarray(0, 10), second(bytes), bytes.subarray(20, 30)])
    fragments.add(bytes.subarray(0, 10), first)
    fragments.add(second(bytes), later)
    fragments.add(bytes.subarray(20, 30), later)
    expect(first.held).toBe(1)
    expect(later.held).toBeGreaterThan(0)
    fragments.finish()
    expect(Buffer.from(submitted[0]!.bytes)).toEqual(expected)
    submitted[0]!.written(0, 0)
    expect([first.held, later.held]).toEqual([0, 0])
  })

  it('are copied together once they lie in many places, so that few buffers wait for a block', () => {
    const { fragments, submitted } = packing()
    const leases = Array.from({ length: 20 }, countedLease)
    for (const [n, lease] of leases.entries()) fragments.add(tail(5).fill(n), lease)
    expect(leases.filter(({ held }) => held > 0).length).toBeLessThan(5)
    fragments.finish()
    expect(Buffer.from(submitted[0]!.bytes)).toEqual(
      Buffer.concat(leases.map((_, n) => new Uint8Array(5).fill(n))),
    )
    submitted[0]!.written(0, 0)
    expect(leases.map(({ held }) => held)).toEqual(leases.map(() => 0))
  })
})

describe('fragment blocks', () => {
  it('have their place in the table at once, and where they lie once they are written, in any order', () => {
    const { fragments, submitted, add } = packing()
    for (let n = 0; n < 3; n++) add(99)
    expect(fragments.entries.length).toBe(2)
    fragments.finish()
    expect(fragments.entries.length).toBe(3)
    submitted[2]!.written(300, 3)
    submitted[0]!.written(100, 1)
    submitted[1]!.written(200, 2)
    expect(fragments.entries).toEqual([
      { start: 100, sizeWord: 1 },
      { start: 200, sizeWord: 2 },
      { start: 300, sizeWord: 3 },
    ])
  })

  it('keep their bytes until they are written', () => {
    const { submitted, add } = packing()
    for (const length of [90, 80, 70, 60]) add(length)
    expect(submitted.map(({ bytes }) => bytes)).toEqual([tail(90), tail(80), tail(70)])
    submitted[1]!.written(0, 0)
    add(50)
    add(55)
    expect([submitted[0], submitted[2], submitted[3], submitted[4]].map((s) => s?.bytes)).toEqual([
      tail(90),
      tail(70),
      tail(60),
      tail(50),
    ])
  })

  it('are none when there are no tails, and none more when all is given away', () => {
    const { fragments, submitted, add } = packing()
    fragments.finish()
    expect([fragments.entries.length, submitted.length]).toEqual([0, 0])
    add(5)
    fragments.finish()
    fragments.finish()
    expect([fragments.entries.length, submitted.length]).toEqual([1, 1])
    expect(add(6)).toEqual({ fragment: 1, fragmentOffset: 0 })
  })

  it.each([true, false])('are stored as they are where that is asked for: %s', (stored) => {
    const { fragments, submitted, add } = packing(stored)
    add(100)
    add(1)
    fragments.finish()
    expect(submitted.map((block) => block.stored)).toEqual([stored, stored])
  })
})

import { describe, expect, it } from 'vitest'
import { fileNode } from '../tree/node.js'
import type { BlockWriter } from './block-writer.js'
import type { EncodedBlock } from './encode-block.js'
import { planFragments } from './fragment-plan.js'
import { createFragments, type PartsEncoder } from './fragments.js'
import { type Lease, UNSHARED } from './lease.js'

const BLOCK = 100

interface Submitted {
  readonly parts: readonly Uint8Array[]
  readonly bytes: Uint8Array
  readonly stored: boolean
  readonly written: (start: number, sizeWord: number) => void
}

const ATTRIBUTES = { mode: 0, uid: 0, gid: 0, mtime: 0, xattrs: null }

/** Fragments for files with tails of these sizes. The tails are added in order. */
function packing(sizes: readonly number[], stored = false) {
  const submitted: Submitted[] = []
  const given: Omit<Submitted, 'written'>[] = []
  const taken: { readonly block: EncodedBlock; readonly release: () => void }[] = []
  const encode: PartsEncoder = (all, stored) => {
    const parts = all.filter((part) => part instanceof Uint8Array)
    given.push({ parts, bytes: new Uint8Array(Buffer.concat(parts)), stored })
    return new Promise(() => {})
  }
  const writer: BlockWriter = {
    append(block, written, release = () => {}) {
      if ('data' in block) taken.push({ block, release })
      else submitted.push({ ...given.at(-1)!, written })
    },
    backpressure: () => undefined,
    drain: () => Promise.resolve(),
  }
  const files = sizes.map((size) => fileNode(ATTRIBUTES, size, { kind: 'bytes', bytes: tail(size) }))
  for (const [n, file] of files.entries()) file.number = n + 1
  const plan = planFragments(files, ({ size }) => size, BLOCK)
  const fragments = createFragments(writer, encode, plan, stored)
  let next = 0
  /** Adds the tail of the next file. By default it is in memory of its own, without a lease. */
  const add = (bytes: Uint8Array = tail(sizes[next]!), lease: Lease = UNSHARED) => {
    const place = fragments.add(bytes, lease)
    fragments.fileDone(files[next++]!)
    return place
  }
  /** The next file adds no tail: it could not be read, or it is a duplicate. */
  const skip = () => fragments.fileDone(files[next++]!)
  return { submitted, taken, fragments, add, skip, addAll: () => sizes.map(() => add()) }
}

/** A lease that counts its holders. */
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
    const { submitted, addAll } = packing([40, 59, 1, 1, 99, 1])
    expect(addAll()).toEqual([
      { fragment: 0, fragmentOffset: 0 },
      { fragment: 0, fragmentOffset: 40 },
      { fragment: 0, fragmentOffset: 99 },
      { fragment: 1, fragmentOffset: 0 },
      { fragment: 1, fragmentOffset: 1 },
      { fragment: 2, fragmentOffset: 0 },
    ])
    expect(submitted.map(({ bytes }) => bytes)).toEqual([
      new Uint8Array(Buffer.concat([tail(40), tail(59), tail(1)])),
      new Uint8Array(Buffer.concat([tail(1), tail(99)])),
      tail(1),
    ])
  })

  it('are written with the last file of their block, without missing ones', () => {
    const { submitted, add, skip } = packing([50, 20, 30, 60, 70])
    skip()
    expect(add()).toEqual({ fragment: 0, fragmentOffset: 0 })
    expect(submitted).toEqual([])
    skip()
    expect(submitted.map(({ bytes }) => bytes)).toEqual([tail(20)])
    skip()
    expect(add()).toEqual({ fragment: 1, fragmentOffset: 0 })
    expect(submitted.length).toBe(2)
  })

  it('that are adjacent are encoded in place, and are in use until their block is written', () => {
    const { submitted, add } = packing([30, 20, 40, 50, 50])
    const [lease, bytes] = [countedLease(), Uint8Array.from({ length: 200 }, (_, n) => n)]
    const places = [10, 40, 60, 100, 150].map((at, n, all) =>
      add(bytes.subarray(at, all[n + 1] ?? 200), lease),
    )
    expect(places).toEqual([
      { fragment: 0, fragmentOffset: 0 },
      { fragment: 0, fragmentOffset: 30 },
      { fragment: 0, fragmentOffset: 50 },
      { fragment: 1, fragmentOffset: 0 },
      { fragment: 1, fragmentOffset: 50 },
    ])
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
    ['before them', (bytes: Uint8Array) => bytes.subarray(9, 19)],
    ['in another buffer', (bytes: Uint8Array) => bytes.slice(10, 20)],
  ])('become a block of several parts if there is something %s', (_, second) => {
    const bytes = Uint8Array.from({ length: 40 }, (_, n) => n)
    const { submitted, add } = packing([10, second(bytes).length, 10])
    const [first, later] = [countedLease(), countedLease()]
    const expected = Buffer.concat([bytes.subarray(0, 10), second(bytes), bytes.subarray(20, 30)])
    add(bytes.subarray(0, 10), first)
    add(second(bytes), later)
    expect(first.held).toBe(1)
    expect(later.held).toBeGreaterThan(0)
    add(bytes.subarray(20, 30), later)
    expect(Buffer.from(submitted[0]!.bytes)).toEqual(expected)
    submitted[0]!.written(0, 0)
    expect([first.held, later.held]).toEqual([0, 0])
  })

  it('are copied together once they are in many buffers, so that few buffers wait for a block', () => {
    const { submitted, add } = packing(Array.from({ length: 20 }, () => 5))
    const leases = Array.from({ length: 20 }, countedLease)
    for (const [n, lease] of leases.entries()) add(tail(5).fill(n), lease)
    expect(leases.filter(({ held }) => held > 0).length).toBeLessThan(5)
    expect(Buffer.from(submitted[0]!.bytes)).toEqual(
      Buffer.concat(leases.map((_, n) => new Uint8Array(5).fill(n))),
    )
    submitted[0]!.written(0, 0)
    expect(leases.map(({ held }) => held)).toEqual(leases.map(() => 0))
  })
})

describe('a block that the reader has encoded', () => {
  const encoded = { data: tail(33), sizeWord: 33 }

  it('is used if it holds exactly the added tails, and only its own bytes are kept until it is written', () => {
    const { submitted, taken, fragments, add } = packing([60, 40, 90])
    const [lease, ofBatch] = [countedLease(), countedLease()]
    fragments.offer([{ block: 0, tails: 2, encoded }], ofBatch)
    expect(add(tail(60), lease)).toEqual({ fragment: 0, fragmentOffset: 0 })
    expect(add(tail(40), lease)).toEqual({ fragment: 0, fragmentOffset: 60 })
    expect(taken.map(({ block }) => block)).toEqual([encoded])
    expect([lease.held, ofBatch.held]).toEqual([0, 1])
    taken[0]!.release()
    expect(ofBatch.held).toBe(0)
    add()
    expect(submitted.map(({ bytes }) => bytes)).toEqual([tail(90)])
  })

  it('is not used if one of its tails is a duplicate from another batch: the others are encoded again', () => {
    const { submitted, taken, fragments, add, skip } = packing([60, 40])
    fragments.offer([{ block: 0, tails: 2, encoded }], UNSHARED)
    skip()
    add()
    expect(taken).toEqual([])
    expect(submitted.map(({ bytes }) => bytes)).toEqual([tail(40)])
  })

  it('is not used if none of its tails is added', () => {
    const { submitted, taken, fragments, skip } = packing([60, 40])
    fragments.offer([{ block: 0, tails: 2, encoded }], UNSHARED)
    skip()
    skip()
    expect([submitted.length, taken.length, fragments.entries.length]).toEqual([0, 0, 0])
  })
})

describe('fragment blocks', () => {
  it('have their index at once, and their position once they are written, in any order', () => {
    const { fragments, submitted, addAll } = packing([99, 99, 99])
    addAll()
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
    const { submitted, add } = packing([90, 80, 70, 60, 50])
    for (let n = 0; n < 4; n++) add()
    submitted[1]!.written(0, 0)
    add()
    expect([submitted[0], submitted[2], submitted[3], submitted[4]].map((s) => s?.bytes)).toEqual([
      tail(90),
      tail(70),
      tail(60),
      tail(50),
    ])
  })

  it.each([true, false])('stay uncompressed on request: %s', (stored) => {
    const { submitted, addAll } = packing([100, 1], stored)
    addAll()
    expect(submitted.map((block) => block.stored)).toEqual([stored, stored])
  })
})

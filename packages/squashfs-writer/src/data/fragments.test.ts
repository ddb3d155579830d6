import { describe, expect, it } from 'vitest'
import type { BlockWriter } from './block-writer.js'
import { createFragments } from './fragments.js'

const BLOCK = 100

interface Submitted {
  readonly bytes: Uint8Array
  readonly stored: boolean
  readonly written: (start: number, sizeWord: number) => void
}

function packing(stored = false) {
  const submitted: Submitted[] = []
  const writer: BlockWriter = {
    submit: (bytes, stored, written) => submitted.push({ bytes, stored, written }),
    room: () => undefined,
    drain: () => Promise.resolve(),
  }
  return { submitted, fragments: createFragments(writer, BLOCK, stored) }
}

const tail = (length: number) => new Uint8Array(length).fill(length)

describe('tails', () => {
  it('share a block as long as they fit', () => {
    const { fragments, submitted } = packing()
    expect([40, 59, 1, 1, 99, 1].map((length) => fragments.add(tail(length)))).toEqual([
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
    const { fragments, submitted } = packing()
    expect(fragments.add(tail(50))).toEqual({ fragment: 0, fragmentOffset: 0 })
    expect(fragments.add(tail(51))).toEqual({ fragment: 1, fragmentOffset: 0 })
    expect(submitted.map(({ bytes }) => bytes)).toEqual([tail(50)])
  })

  it('are copied', () => {
    const { fragments, submitted } = packing()
    const bytes = tail(10)
    fragments.add(bytes)
    bytes.fill(0)
    fragments.finish()
    expect(submitted[0]?.bytes).toEqual(tail(10))
  })
})

describe('fragment blocks', () => {
  it('have their place in the table at once, and where they lie once they are written, in any order', () => {
    const { fragments, submitted } = packing()
    for (let n = 0; n < 3; n++) fragments.add(tail(99))
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
    const { fragments, submitted } = packing()
    for (const length of [90, 80, 70, 60]) fragments.add(tail(length))
    expect(submitted.map(({ bytes }) => bytes)).toEqual([tail(90), tail(80), tail(70)])
    submitted[1]!.written(0, 0)
    fragments.add(tail(50))
    fragments.add(tail(55))
    expect([submitted[0], submitted[2], submitted[3], submitted[4]].map((s) => s?.bytes)).toEqual([
      tail(90),
      tail(70),
      tail(60),
      tail(50),
    ])
  })

  it('are none when there are no tails, and none more when all is given away', () => {
    const { fragments, submitted } = packing()
    fragments.finish()
    expect([fragments.entries.length, submitted.length]).toEqual([0, 0])
    fragments.add(tail(5))
    fragments.finish()
    fragments.finish()
    expect([fragments.entries.length, submitted.length]).toEqual([1, 1])
    expect(fragments.add(tail(6))).toEqual({ fragment: 1, fragmentOffset: 0 })
  })

  it.each([true, false])('are stored as they are where that is asked for: %s', (stored) => {
    const { fragments, submitted } = packing(stored)
    fragments.add(tail(100))
    fragments.add(tail(1))
    fragments.finish()
    expect(submitted.map((block) => block.stored)).toEqual([stored, stored])
  })
})

import { describe, expect, it } from 'vitest'
import { UNSHARED } from './lease.js'
import { TailRuns } from './tail-runs.js'

const FRAGMENT = { position: 96, sizeWord: 40, filled: 100 }
const ofBase = (offset: number, length: number) => ({ block: FRAGMENT, offset, length })

describe('the tails of a fragment block', () => {
  it('are one part of the base if they are adjacent there', () => {
    const tails = new TailRuns()
    tails.addFromBase(ofBase(0, 10))
    tails.addFromBase(ofBase(10, 5))
    tails.addFromBase(ofBase(20, 1))
    expect(tails.parts()).toEqual([ofBase(0, 15), ofBase(20, 1)])
    expect(tails.areAllInBase).toBe(true)
  })

  it('do not change the part that was passed in', () => {
    const tails = new TailRuns()
    const first = ofBase(0, 10)
    tails.addFromBase(first)
    tails.addFromBase(ofBase(10, 5))
    expect(first.length).toBe(10)
  })

  it('keep their order if leased ones are copied between parts of the base', () => {
    const tails = new TailRuns()
    let held = 0
    const lease = { acquire: () => void held++, release: () => void held-- }
    const own = (value: number) => new Uint8Array(2).fill(value)
    tails.add(own(1), lease)
    tails.addFromBase(ofBase(0, 3))
    for (const value of [2, 3, 4, 5]) tails.add(own(value), lease)
    expect(held).toBe(1)
    expect(tails.areAllInBase).toBe(false)
    const shown = tails.parts().map((part) => ('block' in part ? 'base' : [...part]))
    expect(shown).toEqual([[1, 1], 'base', [2, 2, 3, 3, 4, 4], [5, 5]])
    tails.release()
    expect(held).toBe(0)
  })

  it('are copied at most once', () => {
    const tails = new TailRuns()
    const copies = new Set<ArrayBufferLike>()
    for (let n = 0; n < 12; n++) {
      tails.add(new Uint8Array(1), { acquire: () => {}, release: () => {} })
      copies.add((tails.parts()[0] as Uint8Array).buffer)
    }
    // Once before anything is copied, then the first copy, which does not change.
    expect(copies.size).toBe(2)
  })

  it('need no lease for bytes outside of a buffer', () => {
    const tails = new TailRuns()
    for (let n = 0; n < 10; n++) tails.add(new Uint8Array(1), UNSHARED)
    expect(tails.parts().length).toBe(10)
  })
})

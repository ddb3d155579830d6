/** Chance: where and when a fault comes. One seed gives the same choices again; moments depend on the machine as well. */
import { inject } from 'vitest'

/** How many times as many runs as usual. */
const MORE = Number(process.env.FAULTS_RUNS ?? 1)

/** So many runs, or as many times more as were asked for. */
export function runs(usual: number): readonly number[] {
  return Array.from({ length: Math.ceil(usual * MORE) }, (_, n) => n)
}

export interface Chance {
  /** From `least` on, below `end`. */
  integer(least: number, end: number): number
  oneOf<T>(choices: readonly T[]): T
}

/** Each kind of fault has a series of its own, whichever of them are run. */
export function chanceOf(kind: string): Chance {
  let state = [...`${inject('seed')} ${kind}`].reduce(
    (hash, letter) => Math.imul(hash, 31) + letter.charCodeAt(0),
    7,
  )
  /** mulberry32: from 0 on, below 1. */
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (least: number, end: number): number => least + Math.floor(next() * (end - least))
  return { integer, oneOf: (choices) => choices[integer(0, choices.length)]! }
}

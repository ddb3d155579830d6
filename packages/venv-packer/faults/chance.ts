/**
 * Random choices from a seed. The same seed gives the same choices, but the machine also influences which step of the
 * packing is running at a chosen moment.
 */
import { inject } from 'vitest'

/** The factor by which the number of runs is multiplied. */
const FACTOR = Number(process.env.FAULTS_RUNS ?? 1)

/** @param count the number of runs, which is multiplied by FAULTS_RUNS. */
export function runs(count: number): readonly number[] {
  return Array.from({ length: Math.ceil(count * FACTOR) }, (_, n) => n)
}

export interface Chance {
  /** A number from `least` to `end - 1`. */
  integer(least: number, end: number): number
  oneOf<T>(choices: readonly T[]): T
}

/** Each kind of fault has its own sequence, so that it does not depend on the other tests that run. */
export function chanceOf(kind: string): Chance {
  let state = [...`${inject('seed')} ${kind}`].reduce(
    (hash, letter) => Math.imul(hash, 31) + letter.charCodeAt(0),
    7,
  )
  /** mulberry32: a number from 0 to less than 1. */
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (least: number, end: number): number => least + Math.floor(next() * (end - least))
  return { integer, oneOf: (choices) => choices[integer(0, choices.length)]! }
}

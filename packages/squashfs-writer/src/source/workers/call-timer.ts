/** Call timer: counts the metadata calls of a job, and the slow ones among them. */
import { SLOW_CALL } from './protocol.js'

export interface CallTimer {
  readonly calls: number
  readonly slowCalls: number
  /** Counts a call, or a few calls for one name. Takes the time when it began, and returns the time when it ended. */
  count(began: number): number
  reset(): void
}

export function createCallTimer(): CallTimer {
  let [calls, slowCalls] = [0, 0]
  return {
    get calls() {
      return calls
    },
    get slowCalls() {
      return slowCalls
    },
    count(began) {
      const ended = performance.now()
      calls++
      if (ended - began > SLOW_CALL) slowCalls++
      return ended
    },
    reset() {
      calls = 0
      slowCalls = 0
    },
  }
}

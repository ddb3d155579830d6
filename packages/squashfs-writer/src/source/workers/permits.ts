/** Permits: how many threads compress at a time, counted where all of them see it. */

/** Makes a counter. */
export function createPermits(count: number): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(4)
  new Int32Array(shared)[0] = count
  return shared
}

export interface Permits {
  /** Blocks the thread until fewer than all permits are taken, and takes one. */
  take(): void
  give(): void
}

export function permitsOf(shared: SharedArrayBuffer): Permits {
  const left = new Int32Array(shared)
  return {
    take() {
      for (;;) {
        const n = Atomics.load(left, 0)
        if (n <= 0) Atomics.wait(left, 0, n)
        else if (Atomics.compareExchange(left, 0, n, n - 1) === n) return
      }
    },
    give() {
      Atomics.add(left, 0, 1)
      Atomics.notify(left, 0, 1)
    },
  }
}

/** Permits: limits the number of threads that compress at a time, with a counter in shared memory. */

/** Creates the counter. */
export function createPermits(count: number): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(4)
  new Int32Array(shared)[0] = count
  return shared
}

export interface Permits {
  /** Blocks the thread until a permit is free, and acquires it. */
  acquire(): void
  release(): void
}

export function permitsOf(shared: SharedArrayBuffer): Permits {
  const left = new Int32Array(shared)
  return {
    acquire() {
      for (;;) {
        const n = Atomics.load(left, 0)
        if (n <= 0) Atomics.wait(left, 0, n)
        else if (Atomics.compareExchange(left, 0, n, n - 1) === n) return
      }
    },
    release() {
      Atomics.add(left, 0, 1)
      Atomics.notify(left, 0, 1)
    },
  }
}

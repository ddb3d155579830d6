/** Buffer pool: shared memory between those who read and those who compress. Its size bounds what is in flight. */

/** Bytes of a buffer: many small files, or one part of a large one; a multiple of every block size. */
export const BUFFER_SIZE = 1_048_576

export interface BufferPool {
  hasFree(): boolean
  /** Waits until a buffer is free. */
  take(): Promise<SharedArrayBuffer>
  give(buffer: SharedArrayBuffer): void
}

/**
 * Buffers that go round: handed out, filled, used, and given back. They are made when they are first needed.
 * @param most how many there may be.
 */
export function createBufferPool(most: number): BufferPool {
  const free: SharedArrayBuffer[] = []
  const waiting: ((buffer: SharedArrayBuffer) => void)[] = []
  let made = 0
  return {
    hasFree: () => free.length > 0 || made < most,
    async take() {
      const buffer = free.pop()
      if (buffer) return buffer
      if (made < most) {
        made++
        return new SharedArrayBuffer(BUFFER_SIZE)
      }
      return new Promise((resolve) => waiting.push(resolve))
    },
    give(buffer) {
      const next = waiting.shift()
      if (next) next(buffer)
      else free.push(buffer)
    },
  }
}

/** Buffer pool: the memory that goes from those who read to those who compress, and back. Its size bounds what is in flight. */

/** Bytes of a buffer: many small files, or one part of a large one; a multiple of every block size. */
export const BUFFER_SIZE = 1_048_576

export interface BufferPool {
  hasFree(): boolean
  /** Waits until a buffer is free. */
  take(): Promise<ArrayBuffer>
  give(buffer: ArrayBuffer): void
}

/**
 * Buffers that go round: handed out, filled, used, and given back. They are made when they are first needed.
 * @param most how many there may be, which may grow.
 */
export function createBufferPool(most: () => number): BufferPool {
  const free: ArrayBuffer[] = []
  const waiting: ((buffer: ArrayBuffer) => void)[] = []
  let made = 0
  return {
    hasFree: () => free.length > 0 || made < most(),
    async take() {
      const buffer = free.pop()
      if (buffer) return buffer
      if (made < most()) {
        made++
        return new ArrayBuffer(BUFFER_SIZE)
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

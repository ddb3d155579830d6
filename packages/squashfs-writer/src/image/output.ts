/** Output: the image as a run of bytes that only grows. Gathers small pieces into large writes, a few at a time. */

/** Where an image goes: anything that takes bytes at a position. */
export interface Sink {
  /** Told that an image begins. A sink for one image only throws when it is told again. */
  begin?(): void
  /**
   * Takes bytes for a position (in bytes from the destination's start). Positions grow, except that the superblock comes
   * last. The bytes must not be kept after the call or its promise is done. A rejection stops the packing.
   */
  write(bytes: Uint8Array, position: number): void | Promise<void>
}

export interface Output {
  /** Bytes from the image's start to where the next piece goes. */
  readonly position: number
  /** Takes a copy of `bytes`; returns where they went. */
  append(bytes: Uint8Array): number
  /** A promise to wait for when too much is waiting to be written. */
  room(): Promise<void> | undefined
  /** Waits until everything is handed to the sink. */
  flush(): Promise<void>
  /** Overwrites at a position from the image's start, after a flush. */
  overwrite(bytes: Uint8Array, position: number): Promise<void>
}

/** Bytes gathered for one write. */
const GATHER_SIZE = 1_048_576
/** Writes that may be under way. */
const MAX_WRITES = 4

/**
 * @param offset where the image starts inside the destination, in bytes.
 */
export function createOutput(sink: Sink, offset: number): Output {
  let gathered: Uint8Array = new Uint8Array(GATHER_SIZE)
  let used = 0
  let handedOver = 0
  const spare: Uint8Array[] = []
  const writes = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | null = null

  function handOver(): void {
    if (used === 0) return
    const [buffer, bytes, position] = [gathered, gathered.subarray(0, used), offset + handedOver]
    handedOver += used
    used = 0
    gathered = spare.pop() ?? new Uint8Array(GATHER_SIZE)
    const write = send(bytes, position).finally(() => {
      spare.push(buffer)
      writes.delete(write)
    })
    writes.add(write)
  }

  async function send(bytes: Uint8Array, position: number): Promise<void> {
    try {
      if (!failure) await sink.write(bytes, position)
    } catch (error) {
      failure ??= { error }
    }
  }

  /** Waits until so few are under way that none has to wait long: a piece may have led to several. */
  async function fewerWrites(): Promise<void> {
    while (writes.size >= MAX_WRITES) {
      await Promise.race(writes)
      throwFailure()
    }
  }

  function throwFailure(): void {
    if (failure) throw failure.error
  }

  return {
    get position() {
      return handedOver + used
    },
    append(bytes) {
      const position = handedOver + used
      for (let at = 0; at < bytes.length; ) {
        const n = Math.min(bytes.length - at, GATHER_SIZE - used)
        gathered.set(n === bytes.length ? bytes : bytes.subarray(at, at + n), used)
        used += n
        at += n
        if (used === GATHER_SIZE) handOver()
      }
      return position
    },
    room() {
      throwFailure()
      return writes.size < MAX_WRITES ? undefined : fewerWrites()
    },
    async flush() {
      handOver()
      await Promise.all(writes)
      throwFailure()
    },
    async overwrite(bytes, position) {
      await sink.write(bytes, offset + position)
    },
  }
}

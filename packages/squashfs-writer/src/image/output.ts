/** Output: the image as a run of bytes that only grows. Gathers pieces into large writes, a few at a time. */

/** Where an image goes: anything that takes bytes at a position. */
export interface Sink {
  /** Told that an image begins. A sink for one image only throws when it is told again. */
  begin?(): void
  /**
   * Takes bytes for a position (in bytes from the destination's start). Positions grow, except that the superblock comes
   * last. The bytes must not be kept after the call or its promise is done. A rejection stops the packing.
   */
  write(bytes: Uint8Array, position: number): void | Promise<void>
  /**
   * Takes pieces of which each lies where the one before ends, the first at the position. A sink that has this is spared a
   * copy of most bytes; one that has not gets everything by `write`.
   */
  writev?(pieces: readonly Uint8Array[], position: number): Promise<void>
}

export interface Output {
  /** Bytes from the image's start to where the next piece goes. */
  readonly position: number
  /**
   * Takes bytes; returns where they went.
   * @param release called once they may change; without it a copy is taken.
   */
  append(bytes: Uint8Array, release?: () => void): number
  /** A promise to wait for when too much is waiting to be written. */
  room(): Promise<void> | undefined
  /** Waits until everything is handed to the sink. */
  flush(): Promise<void>
  /** Overwrites at a position from the image's start, after a flush. */
  overwrite(bytes: Uint8Array, position: number): Promise<void>
}

/** Bytes gathered for one write. */
const GATHER_SIZE = 1_048_576
/** Pieces that may be borrowed for one write: each may keep a buffer from being read into again. */
const MOST_BORROWED = 8
/** Bytes of a piece that is worth being borrowed. */
const LEAST_BORROWED = 16_384
/** Writes that may be under way. */
const MAX_WRITES = 4

/**
 * @param offset where the image starts inside the destination, in bytes.
 */
export function createOutput(sink: Sink, offset: number): Output {
  /** Of the next write: its pieces, their bytes, and who waits for them. */
  let pieces: Uint8Array[] = []
  let waiting = 0
  let borrowers: (() => void)[] = []
  /** Where copies are gathered; those from `copiesFrom` on are no piece yet. */
  let gathered: Uint8Array = new Uint8Array(GATHER_SIZE)
  let copiesFrom = 0
  let copiesTo = 0
  let handedOver = 0
  const spare: Uint8Array[] = []
  const writes = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | null = null

  function copy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const n = Math.min(bytes.length - at, GATHER_SIZE - waiting)
      gathered.set(n === bytes.length ? bytes : bytes.subarray(at, at + n), copiesTo)
      copiesTo += n
      waiting += n
      at += n
      if (waiting === GATHER_SIZE) handOver()
    }
  }

  function borrow(bytes: Uint8Array, release: () => void): void {
    if (waiting + bytes.length > GATHER_SIZE) handOver()
    endCopies()
    pieces.push(bytes)
    borrowers.push(release)
    waiting += bytes.length
    if (borrowers.length === MOST_BORROWED || waiting >= GATHER_SIZE) handOver()
  }

  function endCopies(): void {
    if (copiesTo > copiesFrom) pieces.push(gathered.subarray(copiesFrom, copiesTo))
    copiesFrom = copiesTo
  }

  function handOver(): void {
    if (waiting === 0) return
    endCopies()
    const [buffer, released, given, position] = [gathered, borrowers, pieces, offset + handedOver]
    handedOver += waiting
    pieces = []
    borrowers = []
    waiting = 0
    gathered = spare.pop() ?? new Uint8Array(GATHER_SIZE)
    copiesFrom = 0
    copiesTo = 0
    const write = send(given, position).finally(() => {
      spare.push(buffer)
      for (const release of released) release()
      writes.delete(write)
    })
    writes.add(write)
  }

  async function send(given: readonly Uint8Array[], position: number): Promise<void> {
    try {
      if (!failure)
        await (given.length === 1 ? sink.write(given[0]!, position) : sink.writev!(given, position))
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
      return handedOver + waiting
    },
    append(bytes, release) {
      const position = handedOver + waiting
      if (release && sink.writev && bytes.length >= LEAST_BORROWED) borrow(bytes, release)
      else {
        copy(bytes)
        release?.()
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

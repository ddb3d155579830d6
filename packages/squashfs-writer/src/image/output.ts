/** Output: the image as a run of bytes that only grows. Gathers pieces into large writes, a few at a time. */
import type { BaseFile } from './base-block.js'

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
  /**
   * Copies bytes of a file that is open; a sink without it is given them by `write`.
   * @param descriptor of the file; open until the promise is done.
   * @param from where the bytes are in that file.
   */
  copy?(descriptor: number, from: number, length: number, position: number): Promise<void>
}

export interface Output {
  /** Bytes from the image's start to where the next piece goes. */
  readonly position: number
  /**
   * Takes bytes; returns where they went.
   * @param release called once they may change; without it a copy is taken.
   */
  append(bytes: Uint8Array, release?: () => void): number
  /** Takes bytes of the base; returns where they go. What lies in one piece there is copied in one piece. */
  appendOfBase(from: number, length: number): number
  /** A promise to wait for when too much is waiting to be written. */
  room(): Promise<void> | undefined
  /** Hands what was gathered to the sink, since nothing may come for a while. */
  handOver(): void
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
/** Writes that may be under way; what the system copies from the base takes no memory, and is not counted. */
const MAX_WRITES = 4
/** Below this a piece of the base is gathered with what is around it: a copy of its own costs more. */
const SHORT_COPY = 131_072
/** Bytes of the base that are copied at a time: who stops the work waits for so much. */
const LONG_COPY = 268_435_456

/**
 * @param offset where the image starts inside the destination, in bytes.
 * @param base where the bytes of `appendOfBase` are.
 */
export function createOutput(sink: Sink, offset: number, base: BaseFile | null = null): Output {
  /** Of the next write: its pieces, their bytes, and who waits for them. */
  let pieces: Uint8Array[] = []
  let waiting = 0
  let borrowers: (() => void)[] = []
  /** Where copies are gathered; those from `copiesFrom` on are no piece yet. */
  let gathered: Uint8Array = new Uint8Array(GATHER_SIZE)
  let copiesFrom = 0
  let copiesTo = 0
  let handedOver = 0
  /** What is to be copied from the base, behind all that waits. */
  let ofBase = { from: 0, length: 0 }
  const spare: Uint8Array[] = []
  const writes = new Set<Promise<void>>()
  /** Those of `writes` that keep memory. */
  let holding = 0
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
    const write = () => (given.length === 1 ? sink.write(given[0]!, position) : sink.writev!(given, position))
    holding++
    begin(write, () => {
      holding--
      spare.push(buffer)
      for (const release of released) release()
    })
  }

  /** Hands over what is to be copied from the base: nothing more is added to it. */
  function endOfBase(): void {
    const { from, length } = ofBase
    if (length === 0 || !base) return
    ofBase = { from: 0, length: 0 }
    if (length < SHORT_COPY) {
      copy(base.read(from, length))
      return
    }
    handOver()
    const position = offset + handedOver
    handedOver += length
    const write = () =>
      sink.copy
        ? sink.copy(base.descriptor, from, length, position)
        : copyByWrites(base, from, length, position)
    begin(write, () => {})
  }

  function handOverAll(): void {
    endOfBase()
    handOver()
  }

  async function copyByWrites(base: BaseFile, from: number, length: number, position: number): Promise<void> {
    for (let at = 0; at < length; at += GATHER_SIZE)
      await sink.write(base.read(from + at, Math.min(GATHER_SIZE, length - at)), position + at)
  }

  function begin(write: () => void | Promise<void>, done: () => void): void {
    const ended = send(write).finally(() => {
      done()
      writes.delete(ended)
    })
    writes.add(ended)
  }

  async function send(write: () => void | Promise<void>): Promise<void> {
    try {
      if (!failure) await write()
    } catch (error) {
      failure ??= { error }
    }
  }

  /** Waits until so few are under way that none has to wait long: a piece may have led to several. */
  async function fewerWrites(): Promise<void> {
    while (holding >= MAX_WRITES) {
      await Promise.race(writes)
      throwFailure()
    }
  }

  function throwFailure(): void {
    if (failure) throw failure.error
  }

  return {
    get position() {
      return handedOver + waiting + ofBase.length
    },
    append(bytes, release) {
      endOfBase()
      const position = handedOver + waiting
      if (release && sink.writev && bytes.length >= LEAST_BORROWED) borrow(bytes, release)
      else {
        copy(bytes)
        release?.()
      }
      return position
    },
    appendOfBase(from, length) {
      const goesOn = ofBase.from + ofBase.length === from && ofBase.length < LONG_COPY
      if (!goesOn) endOfBase()
      const position = handedOver + waiting + ofBase.length
      ofBase = ofBase.length === 0 ? { from, length } : { from: ofBase.from, length: ofBase.length + length }
      return position
    },
    room() {
      throwFailure()
      return holding < MAX_WRITES ? undefined : fewerWrites()
    },
    handOver: handOverAll,
    async flush() {
      handOverAll()
      await Promise.all(writes)
      throwFailure()
    },
    async overwrite(bytes, position) {
      await sink.write(bytes, offset + position)
    },
  }
}

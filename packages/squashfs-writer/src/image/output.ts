/** Output: the image as a run of bytes that only grows. Gathers small pieces into large writes, a few at a time. */
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
   * Copies bytes of a file that is open; a sink without it is given them by `write`. Comes in order with the writes.
   * @param descriptor of the file; open until the promise is done.
   * @param from where the bytes are in that file.
   */
  copy?(descriptor: number, from: number, length: number, position: number): void | Promise<void>
}

export interface Output {
  /** Bytes from the image's start to where the next piece goes. */
  readonly position: number
  /** Takes a copy of `bytes`; returns where they went. */
  append(bytes: Uint8Array): number
  /** Takes bytes of the base; returns where they go. What lies in one piece there is copied in one piece. */
  copy(from: number, length: number): number
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
/** Below this a piece of the base is gathered with what is around it: a copy of its own costs more. */
const SHORT_COPY = 131_072
/** Bytes that are copied at a time: other work goes on meanwhile. */
const LONG_COPY = 33_554_432

/**
 * @param offset where the image starts inside the destination, in bytes.
 * @param base what `copy` copies from.
 */
export function createOutput(sink: Sink, offset: number, base: BaseFile | null = null): Output {
  let gathered: Uint8Array = new Uint8Array(GATHER_SIZE)
  let used = 0
  let handedOver = 0
  /** What is to be copied from the base, behind the gathered bytes. */
  let copying = { from: 0, length: 0 }
  const spare: Uint8Array[] = []
  const writes = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | null = null

  function handOver(): void {
    if (used === 0) return
    const [buffer, bytes, position] = [gathered, gathered.subarray(0, used), offset + handedOver]
    handedOver += used
    used = 0
    gathered = spare.pop() ?? new Uint8Array(GATHER_SIZE)
    begin(
      send(() => sink.write(bytes, position)),
      () => spare.push(buffer),
    )
  }

  function begin(write: Promise<void>, done: () => void): void {
    const ended = write.finally(() => {
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

  function gather(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const n = Math.min(bytes.length - at, GATHER_SIZE - used)
      gathered.set(n === bytes.length ? bytes : bytes.subarray(at, at + n), used)
      used += n
      at += n
      if (used === GATHER_SIZE) handOver()
    }
  }

  /** Hands over what was to be copied: nothing more is added to it. */
  function endCopy(): void {
    const { from, length } = copying
    if (length === 0 || !base) return
    copying = { from: 0, length: 0 }
    if (length < SHORT_COPY) {
      gather(base.read(from, length))
      return
    }
    handOver()
    const position = offset + handedOver
    handedOver += length
    const copy = () =>
      sink.copy
        ? sink.copy(base.descriptor, from, length, position)
        : copyByWrites(base, from, length, position)
    begin(send(copy), () => {})
  }

  async function copyByWrites(base: BaseFile, from: number, length: number, position: number): Promise<void> {
    for (let at = 0; at < length; at += GATHER_SIZE)
      await sink.write(base.read(from + at, Math.min(GATHER_SIZE, length - at)), position + at)
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
      return handedOver + used + copying.length
    },
    append(bytes) {
      endCopy()
      const position = handedOver + used
      gather(bytes)
      return position
    },
    copy(from, length) {
      if (copying.length > 0 && (copying.from + copying.length !== from || copying.length >= LONG_COPY))
        endCopy()
      const position = handedOver + used + copying.length
      copying =
        copying.length === 0 ? { from, length } : { from: copying.from, length: copying.length + length }
      return position
    },
    room() {
      throwFailure()
      return writes.size < MAX_WRITES ? undefined : fewerWrites()
    },
    async flush() {
      endCopy()
      handOver()
      await Promise.all(writes)
      throwFailure()
    },
    async overwrite(bytes, position) {
      await sink.write(bytes, offset + position)
    },
  }
}

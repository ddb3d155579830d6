/** Output: the image as a run of bytes that only grows. Gathers pieces into large writes, a few at a time. */
import type { BaseFile } from './base-block.js'
import { WriteQueue } from './write-queue.js'

/** Where an image goes: anything that takes bytes at a position. */
export interface Sink {
  /** Called when an image begins. A sink for one image only throws at the second call. */
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
   * @param release called once they may change; without `release` a copy is taken.
   */
  append(bytes: Uint8Array, release?: () => void): number
  /** Takes bytes of the base; returns where they go. Neighbouring ranges are copied as one. */
  appendFromBase(from: number, length: number): number
  /**
   * A promise to wait for before the next bytes, if enough writes are under way.
   * @throws the error of the write that failed first.
   */
  backpressure(): Promise<void> | undefined
  /** Hands all gathered bytes to the sink, since no more may come for a while. */
  handOver(): void
  /** Waits until everything is handed to the sink. */
  flush(): Promise<void>
  /** Overwrites at a position from the image's start, after a flush. */
  overwrite(bytes: Uint8Array, position: number): Promise<void>
}

/** Bytes gathered for one write. */
const GATHER_SIZE = 1_048_576
/** Borrowed pieces of one write: each may keep a buffer from being read into again. */
const MOST_BORROWED = 8
/** Bytes of a piece that is worth being borrowed, unless it lies where the one before it ends. */
const LEAST_BORROWED = 16_384
/** Below this a piece of the base is gathered with what is around it: a copy of its own costs more. */
const SHORT_COPY = 131_072
/** Bytes of the base that are copied at a time: an abort waits for a few such copies. */
const LONG_COPY = 67_108_864

/**
 * @param offset where the image starts inside the destination, in bytes.
 * @param base where the bytes of `appendFromBase` are.
 */
export function createOutput(sink: Sink, offset: number, base: BaseFile | null = null): Output {
  return new SinkOutput(sink, offset, base)
}

class SinkOutput implements Output {
  readonly #sink: Sink
  readonly #base: BaseFile | null
  readonly #writes = new WriteQueue()
  /** The next write: its pieces, their bytes, the callbacks that release borrowed ones, and how many these are. */
  #pieces: Uint8Array[] = []
  #gathered = 0
  #releases: (() => void)[] = []
  #borrowed = 0
  /** Copied bytes of the next write; those from `copiesFrom` to `copiesTo` are no piece yet. */
  #copies: Uint8Array = new Uint8Array(GATHER_SIZE)
  #copiesFrom = 0
  #copiesTo = 0
  /** Buffers for copies that no write needs. */
  readonly #spare: Uint8Array[] = []
  /** Position in the destination of the next write. */
  #start: number
  readonly #offset: number
  /** A range of the base that comes after all gathered bytes. */
  #range = { from: 0, length: 0 }

  constructor(sink: Sink, offset: number, base: BaseFile | null) {
    this.#sink = sink
    this.#base = base
    this.#offset = offset
    this.#start = offset
  }

  get position(): number {
    return this.#start - this.#offset + this.#gathered + this.#range.length
  }

  append(bytes: Uint8Array, release?: () => void): number {
    this.#takeRange()
    const position = this.position
    if (release && this.#sink.writev && (bytes.length >= LEAST_BORROWED || this.#isNext(bytes)))
      this.#borrow(bytes, release)
    else {
      this.#copy(bytes)
      release?.()
    }
    return position
  }

  appendFromBase(from: number, length: number): number {
    const continues = this.#range.from + this.#range.length === from && this.#range.length < LONG_COPY
    if (!continues) this.#takeRange()
    const position = this.position
    this.#range =
      this.#range.length === 0
        ? { from, length }
        : { from: this.#range.from, length: this.#range.length + length }
    return position
  }

  backpressure(): Promise<void> | undefined {
    return this.#writes.backpressure()
  }

  handOver(): void {
    this.#takeRange()
    this.#writeGathered()
  }

  async flush(): Promise<void> {
    this.handOver()
    await this.#writes.drain()
  }

  async overwrite(bytes: Uint8Array, position: number): Promise<void> {
    await this.#sink.write(bytes, this.#offset + position)
  }

  #copy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const n = Math.min(bytes.length - at, GATHER_SIZE - this.#gathered)
      this.#copies.set(n === bytes.length ? bytes : bytes.subarray(at, at + n), this.#copiesTo)
      this.#copiesTo += n
      this.#gathered += n
      at += n
      if (this.#gathered === GATHER_SIZE) this.#writeGathered()
    }
  }

  #borrow(bytes: Uint8Array, release: () => void): void {
    if (this.#gathered + bytes.length > GATHER_SIZE) this.#writeGathered()
    if (this.#isNext(bytes)) {
      const { buffer, byteOffset, length } = this.#pieces.pop()!
      this.#pieces.push(new Uint8Array(buffer, byteOffset, length + bytes.length))
    } else {
      this.#endCopies()
      this.#pieces.push(bytes)
      this.#borrowed++
    }
    this.#releases.push(release)
    this.#gathered += bytes.length
    if (this.#borrowed === MOST_BORROWED || this.#gathered >= GATHER_SIZE) this.#writeGathered()
  }

  /** Whether bytes lie where the last piece ends, so that both can be one. */
  #isNext({ buffer, byteOffset }: Uint8Array): boolean {
    const last = this.#pieces.at(-1)
    const hasCopies = this.#copiesTo > this.#copiesFrom
    return !hasCopies && last?.buffer === buffer && last.byteOffset + last.length === byteOffset
  }

  /** Makes a piece of the bytes that were copied one after another. */
  #endCopies(): void {
    if (this.#copiesTo > this.#copiesFrom)
      this.#pieces.push(this.#copies.subarray(this.#copiesFrom, this.#copiesTo))
    this.#copiesFrom = this.#copiesTo
  }

  #writeGathered(): void {
    if (this.#gathered === 0) return
    this.#endCopies()
    const [copies, pieces, releases, sink] = [this.#copies, this.#pieces, this.#releases, this.#sink]
    const position = this.#advance(this.#gathered)
    this.#pieces = []
    this.#releases = []
    this.#borrowed = 0
    this.#gathered = 0
    this.#copies = this.#spare.pop() ?? new Uint8Array(GATHER_SIZE)
    this.#copiesFrom = 0
    this.#copiesTo = 0
    const write = () =>
      pieces.length === 1 ? sink.write(pieces[0]!, position) : sink.writev!(pieces, position)
    this.#writes.start(write, () => {
      this.#spare.push(copies)
      for (const release of releases) release()
    })
  }

  /** Takes the range of the base, which gets no longer now: a short one is gathered, a long one copied by itself. */
  #takeRange(): void {
    const { from, length } = this.#range
    const [sink, base] = [this.#sink, this.#base]
    if (length === 0 || !base) return
    this.#range = { from: 0, length: 0 }
    if (length < SHORT_COPY) {
      this.#copy(base.read(from, length))
      return
    }
    this.#writeGathered()
    const position = this.#advance(length)
    const copy = () =>
      sink.copy
        ? sink.copy(base.descriptor, from, length, position)
        : copyByWrites(sink, base, from, length, position)
    this.#writes.startCopy(() => base.copies.run(copy))
  }

  /** The position of a write of so many bytes; the next one comes behind it. */
  #advance(length: number): number {
    const position = this.#start
    this.#start += length
    return position
  }
}

async function copyByWrites(
  sink: Sink,
  base: BaseFile,
  from: number,
  length: number,
  position: number,
): Promise<void> {
  for (let at = 0; at < length; at += GATHER_SIZE)
    await sink.write(base.read(from + at, Math.min(GATHER_SIZE, length - at)), position + at)
}

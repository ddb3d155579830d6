/** Output: appends bytes to the image. It gathers them into large writes, a few at a time. */
import type { BaseFile } from './base-block.js'
import { WriteQueue } from './write-queue.js'

/** The destination of an image: anything that can write bytes at a position. */
export interface Sink {
  /** Called before the first write of an image. A sink that takes a single image throws at the second call. */
  begin?(): void
  /**
   * Writes bytes at a position (in bytes from the start of the destination). Positions ascend, except that the superblock is
   * written last. The bytes must not be used after the call or its promise is done. A rejection stops the packing.
   */
  write(bytes: Uint8Array, position: number): void | Promise<void>
  /**
   * Writes pieces one after another, the first at the position. If a sink has this method, most bytes need not be copied.
   * Otherwise everything is written by `write`.
   */
  writev?(pieces: readonly Uint8Array[], position: number): Promise<void>
  /**
   * Copies a range of an open file. If a sink does not have this method, the range is read and written by `write`.
   * @param descriptor of the file, which stays open until the promise is done.
   * @param from position of the range in that file.
   */
  copy?(descriptor: number, from: number, length: number, position: number): Promise<void>
}

export interface Output {
  /** Position of the next bytes, from the start of the image. */
  readonly position: number
  /**
   * Appends bytes and returns their position.
   * @param release called when the bytes may change. Without `release`, the bytes are copied at once.
   */
  append(bytes: Uint8Array, release?: () => void): number
  /** Appends a range of the base and returns its position. Adjacent ranges are copied together. */
  appendFromBase(from: number, length: number): number
  /**
   * Returns a promise to wait for before the next bytes, if too many writes are pending.
   * @throws the error of the write that failed first.
   */
  backpressure(): Promise<void> | undefined
  /** Starts to write all gathered bytes, since more may not follow soon. */
  startWriting(): void
  /** Writes all gathered bytes, and waits for all writes. */
  flush(): Promise<void>
  /** Overwrites bytes at a position from the start of the image, after a flush. */
  overwrite(bytes: Uint8Array, position: number): Promise<void>
}

/** Bytes of one write. */
const GATHER_SIZE = 1_048_576
/** Maximum number of borrowed pieces in one write. Each may prevent a buffer from being reused. */
const MAX_BORROWED = 8
/** Minimum size of a borrowed piece. A shorter piece is copied, unless it directly follows the last one in memory. */
const MIN_BORROWED = 16_384
/** A shorter range of the base is read and gathered: a separate copy by the kernel would cost more. */
const MIN_COPY = 131_072
/** Maximum size of one copy from the base. An abort waits for the copies that are running. */
const MAX_COPY = 67_108_864

/**
 * @param offset of the image in the destination, in bytes.
 * @param base the file from which `appendFromBase` copies.
 */
export function createOutput(sink: Sink, offset: number, base: BaseFile | null = null): Output {
  return new SinkOutput(sink, offset, base)
}

class SinkOutput implements Output {
  readonly #sink: Sink
  readonly #base: BaseFile | null
  readonly #writes = new WriteQueue()
  /** The next write: its pieces, their total size, the callbacks that release borrowed pieces, and the number of those. */
  #pieces: Uint8Array[] = []
  #gathered = 0
  #releases: (() => void)[] = []
  #borrowed = 0
  /** Copied bytes of the next write. Those from `copiesFrom` to `copiesTo` are not in a piece yet. */
  #copies: Uint8Array = new Uint8Array(GATHER_SIZE)
  #copiesFrom = 0
  #copiesTo = 0
  /** Unused buffers for copies. */
  readonly #spare: Uint8Array[] = []
  /** Position of the next write in the destination. */
  #start: number
  readonly #offset: number
  /** A range of the base that follows the gathered bytes. It may still grow. */
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
    this.#endRange()
    const position = this.position
    if (release && this.#sink.writev && (bytes.length >= MIN_BORROWED || this.#isAdjacent(bytes)))
      this.#borrow(bytes, release)
    else {
      this.#copy(bytes)
      release?.()
    }
    return position
  }

  appendFromBase(from: number, length: number): number {
    const continues = this.#range.from + this.#range.length === from && this.#range.length < MAX_COPY
    if (!continues) this.#endRange()
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

  startWriting(): void {
    this.#endRange()
    this.#writeGathered()
  }

  async flush(): Promise<void> {
    this.startWriting()
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
    if (this.#isAdjacent(bytes)) {
      const { buffer, byteOffset, length } = this.#pieces.pop()!
      this.#pieces.push(new Uint8Array(buffer, byteOffset, length + bytes.length))
    } else {
      this.#endCopies()
      this.#pieces.push(bytes)
      this.#borrowed++
    }
    this.#releases.push(release)
    this.#gathered += bytes.length
    if (this.#borrowed === MAX_BORROWED || this.#gathered >= GATHER_SIZE) this.#writeGathered()
  }

  /** Whether the bytes directly follow the last piece in memory, so that both can be one piece. */
  #isAdjacent({ buffer, byteOffset }: Uint8Array): boolean {
    const last = this.#pieces.at(-1)
    const hasCopies = this.#copiesTo > this.#copiesFrom
    return !hasCopies && last?.buffer === buffer && last.byteOffset + last.length === byteOffset
  }

  /** Makes a piece of the copied bytes that are not in a piece yet. */
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

  /** Ends the range of the base. A short range is gathered, a long one is copied on its own. */
  #endRange(): void {
    const { from, length } = this.#range
    const [sink, base] = [this.#sink, this.#base]
    if (length === 0 || !base) return
    this.#range = { from: 0, length: 0 }
    if (length < MIN_COPY) {
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

  /** Returns the position of the next write, and advances it by the length of that write. */
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

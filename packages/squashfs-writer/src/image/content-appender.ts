/** Content appender: appends the content of a file as blocks, holes and a tail, and records their positions in its placement. */
import { blockSizeOnDisk, HOLE } from '../format/data-block.js'
import { addBlock, type Placement } from '../tree/placement.js'
import type { BlockWriter } from './block-writer.js'
import type { BaseContent, EncodedContent } from './content-reader.js'
import type { Fragments, TailPlace } from './fragments.js'
import { type Lease, UNSHARED } from './lease.js'

export class ContentAppender {
  readonly #writer: Pick<BlockWriter, 'append'>
  readonly #fragments: Pick<Fragments, 'add' | 'addFromBase'>
  readonly #blockSize: number

  /** @param blockSize bytes, a power of two. */
  constructor(
    writer: Pick<BlockWriter, 'append'>,
    fragments: Pick<Fragments, 'add' | 'addFromBase'>,
    blockSize: number,
  ) {
    this.#writer = writer
    this.#fragments = fragments
    this.#blockSize = blockSize
  }

  /**
   * Appends a part of a file: blocks, and the tail if the part has it.
   * @param lease of the buffer that holds the part.
   */
  appendEncoded(placement: Placement, content: EncodedContent, lease: Lease): void {
    const { blocks, sizeWords, inBlocks, tail, tailInBase } = content
    let at = 0
    for (const [n, sizeWord] of sizeWords.entries()) {
      if (sizeWord === HOLE) {
        this.#addHole(placement, Math.min(this.#blockSize, inBlocks - n * this.#blockSize))
        continue
      }
      addBlock(placement, sizeWord)
      lease.acquire()
      const end = at + blockSizeOnDisk(sizeWord)
      const block = { data: blocks.subarray(at, end), sizeWord }
      this.#writer.append(block, (start) => noteStart(placement, start), lease.release)
      at = end
    }
    if (tail) setTail(placement, this.#fragments.add(tail, lease, tailInBase))
  }

  /**
   * Appends zeros of a hole, which were not read. A tail of zeros goes to a fragment, like any other tail.
   * @param inBlocks bytes without the tail.
   * @param size bytes including the tail.
   */
  appendZeros(placement: Placement, inBlocks: number, size: number): void {
    for (let at = 0; at < inBlocks; at += this.#blockSize)
      this.#addHole(placement, Math.min(this.#blockSize, inBlocks - at))
    if (size === inBlocks) return
    const tail = new Uint8Array(new SharedArrayBuffer(size - inBlocks))
    setTail(placement, this.#fragments.add(tail, UNSHARED))
  }

  /** Appends the whole content of a file from the base. */
  appendFromBase(placement: Placement, { blocks, tail }: BaseContent, size: number): void {
    const inBlocks = size - (tail?.length ?? 0)
    for (const [n, block] of blocks.entries()) {
      if (block === null) {
        this.#addHole(placement, Math.min(this.#blockSize, inBlocks - n * this.#blockSize))
        continue
      }
      addBlock(placement, block.sizeWord)
      this.#writer.append(block, (start) => noteStart(placement, start))
    }
    if (tail) setTail(placement, this.#fragments.addFromBase(tail))
  }

  #addHole(placement: Placement, size: number): void {
    placement.sparse += size
    addBlock(placement, HOLE)
  }
}

function noteStart(placement: Placement, start: number): void {
  if (placement.start === 0) placement.start = start
}

function setTail(placement: Placement, { fragment, fragmentOffset }: TailPlace): void {
  placement.fragment = fragment
  placement.fragmentOffset = fragmentOffset
}

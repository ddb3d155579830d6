/** Block writer: appends encoded blocks in the order in which they were given, though some are not encoded yet. */
import { blockSizeOnDisk } from '../format/data-block.js'
import type { BaseBlock } from './base-block.js'
import type { EncodedBlock } from './encode-block.js'
import type { Output } from './output.js'

export interface BlockWriter {
  /**
   * Appends a block after all blocks given before it.
   * @param block an encoded block, whose bytes must stay unchanged until `release` is called, or for good without `release`;
   * or a block of the base.
   * @param written called with the block's position in the image and its size word.
   */
  append(
    block: EncodedBlock | BaseBlock | Promise<EncodedBlock>,
    written: (start: number, sizeWord: number) => void,
    release?: () => void,
  ): void
  /** A promise to wait for before the next `append`, if enough is under way. */
  backpressure(): Promise<void> | undefined
  /** Waits until every block is appended, and hands the last ones to the sink. */
  drain(): Promise<void>
}

interface Slot {
  readonly written: (start: number, sizeWord: number) => void
  readonly release: () => void
  block: EncodedBlock | BaseBlock | null
}

/**
 * @param limit blocks that may be under way: being encoded, or encoded before their turn.
 */
export function createBlockWriter(output: Output, limit: number): BlockWriter {
  const queue: (Slot | undefined)[] = []
  let head = 0
  let waiting: (() => void)[] = []
  let failure: { readonly error: unknown } | null = null

  async function encoded(slot: Slot, block: Promise<EncodedBlock>): Promise<void> {
    try {
      slot.block = await block
    } catch (error) {
      failure ??= { error }
    }
    appendEncoded()
  }

  function put(block: EncodedBlock | BaseBlock, release: () => void): number {
    if ('data' in block) return output.append(block.data, release)
    release()
    return output.appendFromBase(block.position, blockSizeOnDisk(block.sizeWord))
  }

  function appendEncoded(): void {
    for (let slot = queue[head]; slot?.block && !failure; slot = queue[head]) {
      slot.written(put(slot.block, slot.release), slot.block.sizeWord)
      queue[head++] = undefined
    }
    if (head > limit) {
      queue.splice(0, head)
      head = 0
    }
    const wake = waiting
    waiting = []
    for (const resolve of wake) resolve()
  }

  const underWay = () => queue.length - head
  const progress = () => new Promise<void>((resolve) => waiting.push(resolve))

  function throwFailure(): void {
    if (failure) throw failure.error
  }

  async function waitUntil(atMost: number): Promise<void> {
    while (underWay() > atMost) {
      throwFailure()
      await progress()
    }
    throwFailure()
    await output.backpressure()
  }

  return {
    append(block, written, release = noRelease) {
      if (block instanceof Promise) {
        const slot: Slot = { written, release, block: null }
        queue.push(slot)
        void encoded(slot, block)
      } else if (underWay() === 0 && !failure) {
        written(put(block, release), block.sizeWord)
      } else {
        queue.push({ written, release, block })
      }
    },
    backpressure() {
      if (failure || underWay() >= limit) return waitUntil(limit - 1)
      return output.backpressure()
    },
    async drain() {
      await waitUntil(0)
      output.handOver()
    },
  }
}

function noRelease(): void {}

/** Block writer: appends encoded blocks to the image in the order of the calls, although some are still being encoded. */
import { blockSizeOnDisk } from '../format/data-block.js'
import type { BaseBlock } from './base-block.js'
import type { EncodedBlock } from './encode-block.js'
import type { Output } from './output.js'

export interface BlockWriter {
  /**
   * Appends a block after all earlier ones.
   * @param block an encoded block or a block of the base. The bytes of an encoded block must not change before `release` is
   * called; without `release`, never.
   * @param written called with the position of the block in the image, and its size word.
   */
  append(
    block: EncodedBlock | BaseBlock | Promise<EncodedBlock>,
    written: (start: number, sizeWord: number) => void,
    release?: () => void,
  ): void
  /** Returns a promise to wait for before the next `append`, if too many blocks are pending. */
  backpressure(): Promise<void> | undefined
  /** Waits until all blocks are appended, and passes the last ones to the sink. */
  drain(): Promise<void>
}

interface Slot {
  readonly written: (start: number, sizeWord: number) => void
  readonly release: () => void
  block: EncodedBlock | BaseBlock | null
}

/** @param limit maximum number of pending blocks: those that are being encoded, and those that wait for an earlier one. */
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

  const pending = () => queue.length - head
  const progress = () => new Promise<void>((resolve) => waiting.push(resolve))

  function throwFailure(): void {
    if (failure) throw failure.error
  }

  async function waitUntil(atMost: number): Promise<void> {
    while (pending() > atMost) {
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
      } else if (pending() === 0 && !failure) {
        written(put(block, release), block.sizeWord)
      } else {
        queue.push({ written, release, block })
      }
    },
    backpressure() {
      if (failure || pending() >= limit) return waitUntil(limit - 1)
      return output.backpressure()
    },
    async drain() {
      await waitUntil(0)
      output.startWriting()
    },
  }
}

function noRelease(): void {}

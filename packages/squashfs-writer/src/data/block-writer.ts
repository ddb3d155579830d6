/** Block writer: compresses many blocks at once, and appends them in the order in which they were given. */
import type { Codec } from '../codec/codec.js'
import { blockSizeWord } from '../format/data-block.js'
import type { Output } from '../output.js'

export interface BlockWriter {
  /**
   * Gives a block to be compressed and appended after all blocks given before it.
   * @param bytes must stay unchanged until `written` is called.
   * @param stored true to leave it uncompressed.
   * @param written told where the block went, and its size word.
   */
  submit(bytes: Uint8Array, stored: boolean, written: (start: number, sizeWord: number) => void): void
  /** A promise to wait for before the next `submit`, when enough is under way. */
  room(): Promise<void> | undefined
  /** Waits until every block is appended. */
  drain(): Promise<void>
}

interface Slot {
  readonly bytes: Uint8Array
  readonly written: (start: number, sizeWord: number) => void
  result: Uint8Array | null
}

/**
 * @param limit blocks that may be under way: waiting, being compressed, or done before their turn.
 */
export function createBlockWriter(codec: Codec, output: Output, limit: number): BlockWriter {
  const queue: (Slot | undefined)[] = []
  let head = 0
  let waiting: (() => void)[] = []
  let failure: { readonly error: unknown } | null = null

  async function compress(slot: Slot): Promise<void> {
    try {
      slot.result = await codec.compress(slot.bytes)
    } catch (error) {
      failure ??= { error }
    }
    settle()
  }

  function settle(): void {
    for (let slot = queue[head]; slot?.result && !failure; slot = queue[head]) {
      const stored = slot.result.length >= slot.bytes.length
      const onDisk = stored ? slot.bytes : slot.result
      slot.written(output.append(onDisk), blockSizeWord(onDisk.length, stored))
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
    await output.room()
  }

  return {
    submit(bytes, stored, written) {
      const slot: Slot = { bytes, written, result: null }
      queue.push(slot)
      if (stored || codec.stores) {
        slot.result = bytes
        settle()
      } else {
        void compress(slot)
      }
    },
    room() {
      if (failure || underWay() >= limit) return waitUntil(limit - 1)
      return output.room()
    },
    drain: () => waitUntil(0),
  }
}

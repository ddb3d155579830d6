/** Fragments: the tails of many files packed into shared blocks. */
import type { FragmentEntry } from '../format/fragment.js'
import type { BlockWriter } from './block-writer.js'

export interface Fragments {
  /** An entry for each fragment block; complete once the block writer is drained. */
  readonly entries: readonly FragmentEntry[]
  /** Takes a copy of a tail; returns where it went. */
  add(tail: Uint8Array): { readonly fragment: number; readonly fragmentOffset: number }
  /** Gives away the block that is not full yet. */
  finish(): void
}

/**
 * @param blockSize bytes; a fragment block holds as much as a data block.
 * @param stored true to leave fragment blocks uncompressed.
 */
export function createFragments(writer: BlockWriter, blockSize: number, stored: boolean): Fragments {
  const entries: FragmentEntry[] = []
  const spare: Uint8Array[] = []
  let block: Uint8Array | null = null
  let used = 0

  function finish(): void {
    if (!block) return
    const [buffer, index] = [block, entries.length]
    entries.push({ start: 0, sizeWord: 0 }) // its place in the table is certain before its place on disk
    writer.submit(buffer.subarray(0, used), stored, (start, sizeWord) => {
      entries[index] = { start, sizeWord }
      spare.push(buffer)
    })
    block = null
    used = 0
  }

  return {
    entries,
    add(tail) {
      if (used + tail.length > blockSize) finish()
      block ??= spare.pop() ?? new Uint8Array(blockSize)
      block.set(tail, used)
      const place = { fragment: entries.length, fragmentOffset: used }
      used += tail.length
      return place
    },
    finish,
  }
}

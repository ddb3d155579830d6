/** Fragments: the tails of many files packed into shared blocks. */
import type { FragmentEntry } from '../format/fragment.js'
import type { BlockWriter } from './block-writer.js'

/** Counts who still needs the bytes that were read. */
export interface Use {
  begin(): void
  end(): void
}

export interface Fragments {
  /** An entry for each fragment block; complete once the block writer is drained. */
  readonly entries: readonly FragmentEntry[]
  /**
   * Puts a tail into a block; returns where it went.
   * @param use begun and ended for as long as the tail's bytes must stay unchanged.
   */
  add(tail: Uint8Array, use: Use): { readonly fragment: number; readonly fragmentOffset: number }
  /** Gives away the block that is not full yet. */
  finish(): void
}

/** Tails that lie one after another where they were read: a block that need not be copied. */
interface Row {
  readonly buffer: ArrayBufferLike
  readonly start: number
  readonly use: Use
}

/**
 * @param blockSize bytes; a fragment block holds as much as a data block.
 * @param stored true to leave fragment blocks uncompressed.
 */
export function createFragments(writer: BlockWriter, blockSize: number, stored: boolean): Fragments {
  const entries: FragmentEntry[] = []
  const spare: Uint8Array[] = []
  let used = 0
  // The block being filled: its tails are in a row, or were gathered.
  let row: Row | null = null
  let gathered: Uint8Array = new Uint8Array(0)

  function gather({ buffer, start, use }: Row): void {
    gathered = spare.pop() ?? new Uint8Array(blockSize)
    gathered.set(new Uint8Array(buffer, start, used))
    use.end()
    row = null
  }

  function finish(): void {
    if (used === 0) return
    const [inRow, copy, index] = [row, gathered, entries.length]
    entries.push({ start: 0, sizeWord: 0 }) // its place in the table is certain before its place on disk
    const block = inRow ? new Uint8Array(inRow.buffer, inRow.start, used) : copy.subarray(0, used)
    writer.submit(block, stored, (start, sizeWord) => {
      entries[index] = { start, sizeWord }
      if (inRow) inRow.use.end()
      else spare.push(copy)
    })
    row = null
    used = 0
  }

  return {
    entries,
    add(tail, use) {
      if (used + tail.length > blockSize) finish()
      if (used === 0) {
        row = { buffer: tail.buffer, start: tail.byteOffset, use }
        use.begin()
      } else if (row && (row.buffer !== tail.buffer || row.start + used !== tail.byteOffset)) {
        gather(row)
      }
      if (!row) gathered.set(tail, used)
      const place = { fragment: entries.length, fragmentOffset: used }
      used += tail.length
      return place
    },
    finish,
  }
}

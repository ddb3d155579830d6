/** Fragments: the tails of many files packed into shared blocks. */
import type { FragmentEntry } from '../format/fragment.js'
import type { BlockWriter } from './block-writer.js'
import type { EncodedBlock } from './encode-block.js'

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

/** Encodes a block that lies in several places. */
export type PartsEncoder = (parts: readonly Uint8Array[], stored: boolean) => Promise<EncodedBlock>

/** Tails that lie one after another where they were read. */
interface Run {
  readonly buffer: ArrayBufferLike
  readonly start: number
  end: number
  readonly use: Use
}

/**
 * Runs of which a block may consist. Tails stay where they were read until their block is encoded; with more runs too many
 * buffers would wait for a block of tiny files to become full, so they are copied together then.
 */
const MOST_RUNS = 4

/**
 * @param encode called for each full block.
 * @param blockSize bytes; a fragment block holds as much as a data block.
 * @param stored true to leave fragment blocks uncompressed.
 */
export function createFragments(
  writer: BlockWriter,
  encode: PartsEncoder,
  blockSize: number,
  stored: boolean,
): Fragments {
  const entries: FragmentEntry[] = []
  let runs: Run[] = []
  let used = 0

  function joinRuns(): void {
    const joined = new Uint8Array(new SharedArrayBuffer(blockSize))
    let at = 0
    for (const { buffer, start, end, use } of runs) {
      joined.set(new Uint8Array(buffer, start, end - start), at)
      at += end - start
      use.end()
    }
    runs = [{ buffer: joined.buffer, start: 0, end: at, use: OWN }]
  }

  function finish(): void {
    if (used === 0) return
    const [parts, index] = [runs, entries.length]
    entries.push({ start: 0, sizeWord: 0 }) // its place in the table is certain before its place on disk
    const block = encode(
      parts.map(({ buffer, start, end }) => new Uint8Array(buffer, start, end - start)),
      stored,
    )
    writer.append(block, (start, sizeWord) => {
      entries[index] = { start, sizeWord }
      for (const { use } of parts) use.end()
    })
    runs = []
    used = 0
  }

  return {
    entries,
    add(tail, use) {
      if (used + tail.length > blockSize) finish()
      const last = runs.at(-1)
      if (last?.buffer === tail.buffer && last.end === tail.byteOffset) {
        last.end += tail.length
      } else {
        if (runs.length === MOST_RUNS) joinRuns()
        use.begin()
        runs.push({ buffer: tail.buffer, start: tail.byteOffset, end: tail.byteOffset + tail.length, use })
      }
      const place = { fragment: entries.length, fragmentOffset: used }
      used += tail.length
      return place
    },
    finish,
  }
}

/** Of bytes that belong to no buffer that goes round. */
const OWN: Use = { begin: () => {}, end: () => {} }

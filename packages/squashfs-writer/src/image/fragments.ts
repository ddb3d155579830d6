/** Fragments: the tails of many files packed into shared blocks. */
import type { FragmentEntry } from '../format/fragment.js'
import type { FragmentOfBase, PartOfBase } from './base-block.js'
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
   * @param inBase where the base may have had the tail, with the same content or another.
   */
  add(tail: Uint8Array, use: Use, inBase?: PartOfBase | null): TailPlace
  /** The same for a tail that the base certainly has, whose bytes nobody has read. */
  addOfBase(tail: PartOfBase): TailPlace
  /** Gives away the block that is not full yet. */
  finish(): void
}

export interface TailPlace {
  readonly fragment: number
  readonly fragmentOffset: number
}

/**
 * Encodes a block that lies in several places.
 * @param like a block of the base that may have the same content; it is then taken as it is.
 */
export type PartsEncoder = (
  parts: readonly (Uint8Array | PartOfBase)[],
  stored: boolean,
  like?: FragmentOfBase | null,
) => Promise<EncodedBlock>

/** Tails that lie one after another where they were read. */
interface Run {
  readonly buffer: ArrayBufferLike
  readonly start: number
  end: number
  readonly use: Use
}

/** Tails that lie one after another in the base. */
interface RunOfBase extends PartOfBase {
  length: number
}

/**
 * Runs of which a block may consist, besides those of the base. Tails stay where they were read until their block is encoded;
 * with more runs too many buffers would wait for a block of tiny files to become full, so they are copied together then.
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
  let runs: (Run | RunOfBase)[] = []
  let used = 0
  /** The fragment block of the base that has had the same tails so far, as far as that can be told by their places. */
  let like: FragmentOfBase | null = null

  /** Copies what lies in buffers that others wait for to one of its own. */
  function joinRuns(): void {
    const size = runs.reduce((sum, run) => sum + (isBorrowed(run) ? run.end - run.start : 0), 0)
    const joined = new Uint8Array(new SharedArrayBuffer(size))
    let at = 0
    const before = runs
    runs = []
    for (const run of before) {
      if (!isBorrowed(run)) {
        runs.push(run)
        continue
      }
      const { buffer, start, end, use } = run
      joined.set(new Uint8Array(buffer, start, end - start), at)
      addRun({ buffer: joined.buffer, start: at, end: at + end - start, use: OWN })
      at += end - start
      use.end()
    }
  }

  /** Adds to the last run what lies behind it. */
  function addRun(run: Run | RunOfBase): void {
    const last = runs.at(-1)
    if (last && 'buffer' in last && 'buffer' in run && last.buffer === run.buffer && last.end === run.start)
      last.end = run.end
    else if (
      last &&
      'block' in last &&
      'block' in run &&
      last.block === run.block &&
      endOf(last) === run.offset
    )
      last.length += run.length
    else runs.push(run)
  }

  function finish(): void {
    if (used === 0) return
    const [parts, index] = [runs, entries.length]
    const same = like?.filled === used ? like : null
    const isTaken = same !== null && parts.every((part) => 'block' in part)
    entries.push({ start: 0, sizeWord: 0 }) // its place in the table is certain before its place on disk
    writer.append(isTaken ? same : encode(parts.map(partOf), stored, same), (start, sizeWord) => {
      entries[index] = { start, sizeWord }
      for (const part of parts) if ('use' in part) part.use.end()
    })
    runs = []
    used = 0
  }

  /** Makes room for a tail, and says where it goes. */
  function place(length: number, inBase: PartOfBase | null): TailPlace {
    if (used + length > blockSize) finish()
    if (used === 0) like = inBase?.block ?? null
    if (inBase === null || inBase.block !== like || inBase.offset !== used) like = null
    const place = { fragment: entries.length, fragmentOffset: used }
    used += length
    return place
  }

  return {
    entries,
    add(tail, use, inBase = null) {
      const placed = place(tail.length, inBase)
      const [buffer, start] = [tail.buffer, tail.byteOffset]
      const last = runs.at(-1)
      if (last && 'buffer' in last && last.buffer === buffer && last.end === start) {
        last.end += tail.length
        return placed
      }
      if (runs.filter(isBorrowed).length === MOST_RUNS) joinRuns()
      use.begin()
      runs.push({ buffer, start, end: start + tail.length, use })
      return placed
    },
    addOfBase(tail) {
      const placed = place(tail.length, tail)
      addRun({ ...tail })
      return placed
    },
    finish,
  }
}

function isBorrowed(run: Run | RunOfBase): run is Run {
  return 'use' in run && run.use !== OWN
}

function endOf({ offset, length }: RunOfBase): number {
  return offset + length
}

function partOf(run: Run | RunOfBase): Uint8Array | PartOfBase {
  return 'block' in run ? run : new Uint8Array(run.buffer, run.start, run.end - run.start)
}

/** Of bytes that belong to no buffer that goes round. */
const OWN: Use = { begin: () => {}, end: () => {} }

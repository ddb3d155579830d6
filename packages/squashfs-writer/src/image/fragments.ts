/** Fragments: the tails of many files packed into shared blocks. */
import type { FragmentEntry } from '../format/fragment.js'
import type { FragmentOfBase, PartOfBase } from './base-block.js'
import type { BlockWriter } from './block-writer.js'
import type { EncodedBlock } from './encode-block.js'
import type { Lease } from './lease.js'
import { TailRuns } from './tail-runs.js'

export interface Fragments {
  /** An entry for each fragment block; complete once the block writer is drained. */
  readonly entries: readonly FragmentEntry[]
  /**
   * Puts a tail into a block; returns where it went.
   * @param lease held for as long as the tail's bytes must stay unchanged.
   * @param inBase where the base may have had the tail, with the same content or another.
   */
  add(tail: Uint8Array, lease: Lease, inBase?: PartOfBase | null): TailPlace
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
  uncompressed: boolean,
  like?: FragmentOfBase | null,
) => Promise<EncodedBlock>

/**
 * @param encode called for each full block.
 * @param blockSize bytes; a fragment block holds as much as a data block.
 * @param uncompressed true to leave fragment blocks uncompressed.
 */
export function createFragments(
  writer: Pick<BlockWriter, 'append'>,
  encode: PartsEncoder,
  blockSize: number,
  uncompressed: boolean,
): Fragments {
  return new FragmentBlocks(writer, encode, blockSize, uncompressed)
}

class FragmentBlocks implements Fragments {
  readonly entries: FragmentEntry[] = []
  readonly #writer: Pick<BlockWriter, 'append'>
  readonly #encode: PartsEncoder
  readonly #blockSize: number
  readonly #uncompressed: boolean
  /** The block that is being filled: its tails, and how many bytes they have. */
  #tails = new TailRuns()
  #used = 0
  /** The fragment block of the base that has had the same tails so far, as far as their offsets tell. */
  #like: FragmentOfBase | null = null

  constructor(
    writer: Pick<BlockWriter, 'append'>,
    encode: PartsEncoder,
    blockSize: number,
    uncompressed: boolean,
  ) {
    this.#writer = writer
    this.#encode = encode
    this.#blockSize = blockSize
    this.#uncompressed = uncompressed
  }

  add(tail: Uint8Array, lease: Lease, inBase: PartOfBase | null = null): TailPlace {
    const place = this.#placeFor(tail.length, inBase)
    this.#tails.add(tail, lease)
    return place
  }

  addOfBase(tail: PartOfBase): TailPlace {
    const place = this.#placeFor(tail.length, tail)
    this.#tails.addOfBase(tail)
    return place
  }

  finish(): void {
    if (this.#used === 0) return
    const [tails, index] = [this.#tails, this.entries.length]
    const same = this.#like?.filled === this.#used ? this.#like : null
    const block = same && tails.areOfBase ? same : this.#encode(tails.parts(), this.#uncompressed, same)
    this.entries.push({ start: 0, sizeWord: 0 }) // its place in the table is certain before its place on disk
    this.#writer.append(block, (start, sizeWord) => {
      this.entries[index] = { start, sizeWord }
      tails.release()
    })
    this.#tails = new TailRuns()
    this.#used = 0
  }

  /** Where a tail goes: into the block that is being filled, or the next one if it does not fit. */
  #placeFor(length: number, inBase: PartOfBase | null): TailPlace {
    if (this.#used + length > this.#blockSize) this.finish()
    if (this.#used === 0) this.#like = inBase?.block ?? null
    if (inBase === null || inBase.block !== this.#like || inBase.offset !== this.#used) this.#like = null
    const place = { fragment: this.entries.length, fragmentOffset: this.#used }
    this.#used += length
    return place
  }
}

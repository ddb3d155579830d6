/** Fragments: the tails of many files packed into shared blocks. */
import type { FragmentEntry } from '../format/fragment.js'
import type { FileNode } from '../tree/node.js'
import type { BaseFragment, BaseFragmentPart } from './base-block.js'
import type { BlockWriter } from './block-writer.js'
import type { TailBlock } from './content-reader.js'
import type { EncodedBlock } from './encode-block.js'
import type { FragmentPlan } from './fragment-plan.js'
import { type Lease, UNSHARED } from './lease.js'
import { TailRuns } from './tail-runs.js'

export interface Fragments {
  /** An entry for each fragment block; complete once the block writer is drained. */
  readonly entries: readonly FragmentEntry[]
  /**
   * Gives blocks that the reader of their tails encoded. One is taken if it turns out to hold just the tails that were added.
   * They are good until the next ones come.
   * @param lease held for as long as a block's bytes must stay unchanged.
   */
  offer(blocks: readonly TailBlock[], lease: Lease): void
  /**
   * Puts the tail of the file that comes next into its block; returns where it went.
   * @param lease held for as long as the tail's bytes must stay unchanged.
   * @param inBase where the base may have had the tail, with the same content or another.
   */
  add(tail: Uint8Array, lease: Lease, inBase?: BaseFragmentPart | null): TailPlace
  /** The same for a tail that the base certainly has, whose bytes nobody has read. */
  addFromBase(tail: BaseFragmentPart): TailPlace
  /** Told once of each file, when it has given its tail if it has one to give: after its last file a block is written. */
  passed(file: FileNode): void
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
  parts: readonly (Uint8Array | BaseFragmentPart)[],
  uncompressed: boolean,
  candidate?: BaseFragment | null,
) => Promise<EncodedBlock>

/**
 * @param encode called for each block that is not offered encoded.
 * @param plan says which tails share a block.
 * @param uncompressed true to leave fragment blocks uncompressed.
 */
export function createFragments(
  writer: Pick<BlockWriter, 'append'>,
  encode: PartsEncoder,
  plan: FragmentPlan,
  uncompressed: boolean,
): Fragments {
  return new FragmentBlocks(writer, encode, plan, uncompressed)
}

class FragmentBlocks implements Fragments {
  readonly entries: FragmentEntry[] = []
  readonly #writer: Pick<BlockWriter, 'append'>
  readonly #encode: PartsEncoder
  readonly #plan: FragmentPlan
  readonly #uncompressed: boolean
  #offered: readonly TailBlock[] = []
  #lease: Lease = UNSHARED
  /** The block that is being filled: its tails, and how many bytes they have. */
  #tails = new TailRuns()
  #used = 0
  /** Files of the block that have passed. */
  #files = 0
  /** The fragment block of the base that has had the same tails so far, as far as their offsets tell. */
  #candidate: BaseFragment | null = null

  constructor(
    writer: Pick<BlockWriter, 'append'>,
    encode: PartsEncoder,
    plan: FragmentPlan,
    uncompressed: boolean,
  ) {
    this.#writer = writer
    this.#encode = encode
    this.#plan = plan
    this.#uncompressed = uncompressed
  }

  offer(blocks: readonly TailBlock[], lease: Lease): void {
    this.#offered = blocks
    this.#lease = lease
  }

  add(tail: Uint8Array, lease: Lease, inBase: BaseFragmentPart | null = null): TailPlace {
    const place = this.#placeFor(tail.length, inBase)
    this.#tails.add(tail, lease)
    return place
  }

  addFromBase(tail: BaseFragmentPart): TailPlace {
    const place = this.#placeFor(tail.length, tail)
    this.#tails.addFromBase(tail)
    return place
  }

  passed(file: FileNode): void {
    const block = this.#plan.blockOf(file)
    if (block < 0 || ++this.#files < this.#plan.tailsIn(block)) return
    if (this.#used > 0) this.#write(block)
    this.#files = 0
  }

  #write(block: number): void {
    const [tails, index] = [this.#tails, this.entries.length]
    this.entries.push({ start: 0, sizeWord: 0 }) // its place in the table is certain before its place on disk
    const written = (start: number, sizeWord: number) => {
      this.entries[index] = { start, sizeWord }
    }
    const offered = this.#offered.find((one) => one.block === block)
    if (offered?.tails === tails.count) {
      this.#lease.acquire()
      tails.release()
      this.#writer.append(offered.encoded, written, this.#lease.release)
    } else {
      const same = this.#candidate?.filled === this.#used ? this.#candidate : null
      const encoded =
        same && tails.areAllInBase ? same : this.#encode(tails.parts(), this.#uncompressed, same)
      this.#writer.append(encoded, (start, sizeWord) => {
        written(start, sizeWord)
        tails.release()
      })
    }
    this.#tails = new TailRuns()
    this.#used = 0
  }

  #placeFor(length: number, inBase: BaseFragmentPart | null): TailPlace {
    if (this.#used === 0) this.#candidate = inBase?.block ?? null
    if (inBase === null || inBase.block !== this.#candidate || inBase.offset !== this.#used)
      this.#candidate = null
    const place = { fragment: this.entries.length, fragmentOffset: this.#used }
    this.#used += length
    return place
  }
}

/** Fragments: packs the tails of many files into shared blocks. */
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
  /** An entry for each fragment block; complete when the block writer is drained. */
  readonly entries: readonly FragmentEntry[]
  /**
   * Offers blocks that are already encoded. A block is used if it holds exactly the tails that were added. The next call
   * replaces the offered blocks.
   * @param lease held until the bytes of a block are written.
   */
  offer(blocks: readonly TailBlock[], lease: Lease): void
  /**
   * Adds the tail of the next file to its block, and returns its place.
   * @param lease held until the bytes of the tail are no longer needed.
   * @param inBase where the base may have the tail, with the same content or another.
   */
  add(tail: Uint8Array, lease: Lease, inBase?: BaseFragmentPart | null): TailPlace
  /** Adds a tail that is certainly in the base, and was not read. */
  addFromBase(tail: BaseFragmentPart): TailPlace
  /** Called once for each file, after its tail was added if it has one. After the last file of a block, the block is written. */
  fileDone(file: FileNode): void
}

export interface TailPlace {
  readonly fragment: number
  readonly fragmentOffset: number
}

/**
 * Encodes a block that consists of several parts.
 * @param candidate a block of the base that may have the same content. If it has, it is used.
 */
export type PartsEncoder = (
  parts: readonly (Uint8Array | BaseFragmentPart)[],
  uncompressed: boolean,
  candidate?: BaseFragment | null,
) => Promise<EncodedBlock>

/**
 * @param encode called for each block for which no encoded one is offered.
 * @param plan says which tails share a block.
 * @param uncompressed whether to leave fragment blocks uncompressed.
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
  /** The tails of the current block, and their size in bytes. */
  #tails = new TailRuns()
  #used = 0
  /** Files of the current block that are done. */
  #files = 0
  /** A fragment block of the base that has the same tails so far, according to their offsets. */
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

  fileDone(file: FileNode): void {
    const block = this.#plan.blockOf(file)
    if (block < 0 || ++this.#files < this.#plan.tailsIn(block)) return
    if (this.#used > 0) this.#write(block)
    this.#files = 0
  }

  #write(block: number): void {
    const [tails, index] = [this.#tails, this.entries.length]
    this.entries.push({ start: 0, sizeWord: 0 }) // reserves its index; its position on disk is known later
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

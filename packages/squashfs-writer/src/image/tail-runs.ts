/** Tail runs: the tails of one fragment block as they lie in memory and in the base, where neighbours are one run. */
import type { BaseFragmentPart } from './base-block.js'
import { type Lease, UNSHARED } from './lease.js'

/** Tails that lie one after another in a buffer. */
interface Run {
  readonly buffer: ArrayBufferLike
  readonly start: number
  end: number
  readonly lease: Lease
}

/** Tails that lie one after another in the base. */
interface BaseRun extends BaseFragmentPart {
  length: number
}

/**
 * Runs in leased buffers of which a block may consist. Tails stay where they were read until their block is encoded; with more
 * runs too many buffers would wait for a block of tiny files to become full, so they are copied together then.
 */
const MOST_LEASED_RUNS = 4

export class TailRuns {
  #runs: (Run | BaseRun)[] = []
  /** How many tails were added. */
  count = 0

  /** Whether all tails are in the base. */
  get areAllInBase(): boolean {
    return this.#runs.every((run) => 'block' in run)
  }

  /** @param lease acquired until the tails are released, or copied. */
  add(tail: Uint8Array, lease: Lease): void {
    this.count++
    this.#join(tail, lease)
  }

  addFromBase(tail: BaseFragmentPart): void {
    this.count++
    this.#joinFromBase(tail)
  }

  #join(tail: Uint8Array, lease: Lease): void {
    const [buffer, start] = [tail.buffer, tail.byteOffset]
    const last = this.#runs.at(-1)
    if (last && 'buffer' in last && last.buffer === buffer && last.end === start) {
      last.end += tail.length
      return
    }
    if (this.#runs.filter(isLeased).length === MOST_LEASED_RUNS) this.#copyLeased()
    lease.acquire()
    this.#runs.push({ buffer, start, end: start + tail.length, lease })
  }

  #joinFromBase(tail: BaseFragmentPart): void {
    const last = this.#runs.at(-1)
    if (last && 'block' in last && last.block === tail.block && last.offset + last.length === tail.offset)
      last.length += tail.length
    else this.#runs.push({ ...tail })
  }

  /** The content of the block, a part for each run. */
  parts(): (Uint8Array | BaseFragmentPart)[] {
    return this.#runs.map((run) =>
      'block' in run ? run : new Uint8Array(run.buffer, run.start, run.end - run.start),
    )
  }

  /** Ends the leases: the parts are not needed any more. */
  release(): void {
    for (const run of this.#runs) if ('lease' in run) run.lease.release()
  }

  /** Copies all leased runs to one buffer. */
  #copyLeased(): void {
    const size = this.#runs.reduce((sum, run) => sum + (isLeased(run) ? run.end - run.start : 0), 0)
    const copies = new Uint8Array(new SharedArrayBuffer(size))
    const before = this.#runs
    this.#runs = []
    let at = 0
    for (const run of before) {
      if (!isLeased(run)) {
        if ('block' in run) this.#joinFromBase(run)
        else this.#runs.push(run)
        continue
      }
      const copy = copies.subarray(at, at + run.end - run.start)
      copy.set(new Uint8Array(run.buffer, run.start, run.end - run.start))
      this.#join(copy, UNSHARED)
      at += copy.length
      run.lease.release()
    }
  }
}

function isLeased(run: Run | BaseRun): run is Run {
  return 'lease' in run && run.lease !== UNSHARED
}

/** Tail runs: the tails of one fragment block, in memory or in the base. Adjacent tails are joined into one run. */
import type { BaseFragmentPart } from './base-block.js'
import { type Lease, UNSHARED } from './lease.js'

/** Adjacent tails in a buffer. */
interface Run {
  readonly buffer: ArrayBufferLike
  readonly start: number
  end: number
  readonly lease: Lease
}

/** Adjacent tails in the base. */
interface BaseRun extends BaseFragmentPart {
  length: number
}

/**
 * Maximum number of runs in leased buffers. Tails stay in the buffer into which they were read until their block is encoded.
 * With more runs, a block of tiny files would hold too many buffers, so the tails are copied.
 */
const MAX_LEASED_RUNS = 4

export class TailRuns {
  #runs: (Run | BaseRun)[] = []
  /** Number of tails. */
  count = 0

  /** Whether all tails are in the base. */
  get areAllInBase(): boolean {
    return this.#runs.every((run) => 'block' in run)
  }

  /** @param lease acquired until the tails are released or copied. */
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
    if (this.#runs.filter(isLeased).length === MAX_LEASED_RUNS) this.#copyLeased()
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

  /** Releases the leases. The parts must not be used any more. */
  release(): void {
    for (const run of this.#runs) if ('lease' in run) run.lease.release()
  }

  /** Copies all leased runs into one buffer, and releases them. */
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

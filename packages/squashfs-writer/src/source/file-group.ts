/** File group: files that are read by one job. It ends at the end of a fragment block if possible, so that the job can encode the block. */
import type { FragmentPlan } from '../image/fragment-plan.js'
import type { FileNode } from '../tree/node.js'
import type { Pool } from './workers/pool.js'
import { BUFFER_SIZE } from './workers/protocol.js'

/** Limits for the number of files in a group. */
export interface GroupLimits {
  /** From this number on, the group ends at the end of a fragment block. */
  readonly soon: number
  /** At this number, the group ends anywhere. */
  readonly most: number
}

/** The limits. They are low if metadata calls are slow, so that all workers have files to wait for until the end. */
export function groupLimits(pool: Pick<Pool, 'areSlow'>): GroupLimits {
  return pool.areSlow() ? { soon: 8, most: 32 } : { soon: 128, most: 4096 }
}

export class FileGroup {
  readonly #plan: FragmentPlan
  #files: FileNode[] = []
  #size = 0
  /** Number of files before the last end of a fragment block. */
  #border = 0
  /** The block of the last tail, and the number of its tails that are not in the group yet. */
  #block = -1
  #tailsToCome = 0

  constructor(plan: FragmentPlan) {
    this.#plan = plan
  }

  /** Adds a file that is not larger than a buffer. First call {@link takeBefore} until it returns null. */
  add(file: FileNode): void {
    const block = this.#plan.blockOf(file)
    if (block >= 0) {
      if (block !== this.#block) this.#tailsToCome = this.#plan.tailsIn(block)
      this.#block = block
      this.#tailsToCome--
    }
    this.#files.push(file)
    this.#size += file.size
  }

  /** Takes files out of the group to make space for the next one; null if there is enough space. */
  takeBefore(next: FileNode, { soon, most }: GroupLimits): FileNode[] | null {
    const block = this.#plan.blockOf(next)
    const isBorder = this.#tailsToCome === 0 || (block >= 0 && block !== this.#block)
    if (isBorder) this.#border = this.#files.length
    const count = this.#files.length
    const isFull =
      this.#size + next.size > BUFFER_SIZE || count >= most || (count >= soon && this.#border > 0)
    return isFull && count > 0 ? this.#take(this.#border || count) : null
  }

  /** Takes all remaining files. */
  takeAll(): FileNode[] {
    return this.#take(this.#files.length)
  }

  #take(count: number): FileNode[] {
    const taken = this.#files.splice(0, count)
    for (const { size } of taken) this.#size -= size
    this.#border = 0
    return taken
  }
}

/** File group: files that are read in one go. It ends, if it can, where a block of tails does: then its reader encodes them all. */
import type { FragmentPlan } from '../image/fragment-plan.js'
import type { FileNode } from '../tree/node.js'
import type { Pool } from './workers/pool.js'
import { BUFFER_SIZE } from './workers/protocol.js'

/** Files after which a group ends with the block of tails that it is at, and at the latest. */
export interface GroupLimits {
  readonly soon: number
  readonly most: number
}

/** Where every file costs a wait, few, so that many workers have a share to the end. */
export function groupLimits(pool: Pick<Pool, 'areSlow'>): GroupLimits {
  return pool.areSlow() ? { soon: 8, most: 32 } : { soon: 128, most: 4096 }
}

export class FileGroup {
  readonly #plan: FragmentPlan
  #files: FileNode[] = []
  #size = 0
  /** Files before the last place where the group can end. */
  #border = 0
  /** The block of the last tail, and how many of its tails are to come. */
  #block = -1
  #tailsToCome = 0

  constructor(plan: FragmentPlan) {
    this.#plan = plan
  }

  /** Adds a file, whose size is at most a buffer's, once {@link takeBefore} has nothing to give. */
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

  /** Files that must be taken before this one can be added; null when there is room. */
  takeBefore(next: FileNode, { soon, most }: GroupLimits): FileNode[] | null {
    const block = this.#plan.blockOf(next)
    const isBorder = this.#tailsToCome === 0 || (block >= 0 && block !== this.#block)
    if (isBorder) this.#border = this.#files.length
    const count = this.#files.length
    const isFull =
      this.#size + next.size > BUFFER_SIZE || count >= most || (count >= soon && this.#border > 0)
    return isFull && count > 0 ? this.#take(this.#border || count) : null
  }

  /** All that are left. */
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

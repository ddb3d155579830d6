/** Base result: how far a base was used. */
import type { BaseProblem } from './open-base.js'

export interface BaseResult {
  /** As it was given. */
  readonly path: string
  /** Files that were taken over unread. */
  readonly files: number
  /** Bytes of their contents. */
  readonly bytes: number
  /** Files that were read and compared with what the base has under their paths. */
  readonly compared: number
  /** Bytes in the image of all blocks that are the base's. */
  readonly storedBytes: number
  /** Seconds that it took to pack everything, when that was done last; null where that is not known. */
  readonly secondsInFull: number | null
  /** Why it was not used, or not in full; null where it was. */
  readonly problem: BaseProblem | null
}

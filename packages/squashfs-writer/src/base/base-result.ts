/** Base result: says how far a base was used. */
import type { BaseProblem } from './open-base.js'

export interface BaseResult {
  /** The path of the base, printable. */
  readonly path: string
  /** Number of files that were copied without being read. */
  readonly files: number
  /** Total size of these files. */
  readonly bytes: number
  /** Number of files that were read and compared with the file at the same path in the base. */
  readonly compared: number
  /** Bytes of the image that were copied from the base. */
  readonly storedBytes: number
  /** Seconds of the last packing without a base; null if not known. */
  readonly secondsInFull: number | null
  /** The reason why the base was not used, or only in part; null if there is none. */
  readonly problem: BaseProblem | null
}

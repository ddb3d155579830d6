/** Base result: says how far a base was used. */
import { blockSizeOnDisk } from '../format/data-block.js'
import type { BlockWriter } from '../image/block-writer.js'
import type { BaseProblem } from './open-base.js'
import type { SameFiles } from './same-files.js'
import type { UnchangedFiles } from './unchanged-files.js'

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

/** Counts what an image takes from its base. */
export class BaseUsage {
  /** The files that are copied without being read. */
  taken: UnchangedFiles = new Map()
  #storedBytes = 0

  /** Counts bytes of blocks that a thread has copied from the base. */
  addStored(bytes: number): void {
    this.#storedBytes += bytes
  }

  /** Wraps the block writer to count the blocks that are copied from the base. */
  writer(writer: BlockWriter): BlockWriter {
    return {
      append: (block, written, release) => {
        if ('position' in block) this.addStored(blockSizeOnDisk(block.sizeWord))
        writer.append(block, written, release)
      },
      backpressure: () => writer.backpressure(),
      drain: () => writer.drain(),
    }
  }

  counts(same: SameFiles | null): Pick<BaseResult, 'files' | 'bytes' | 'compared' | 'storedBytes'> {
    return {
      files: this.taken.size,
      bytes: [...this.taken.keys()].reduce((sum, { size }) => sum + size, 0),
      compared: (same?.candidates.size ?? 0) - this.taken.size,
      storedBytes: this.#storedBytes,
    }
  }
}

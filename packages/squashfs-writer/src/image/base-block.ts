/**
 * Base block: a block of an older image, the base, that is copied into a new image. This file has the types; `base/` finds
 * the blocks.
 */
import type { BaseCopies } from './base-copies.js'

/** The position and size of a block in the base. */
export interface BaseBlock {
  /** In bytes from the start of the base. */
  readonly position: number
  /** See `blockSizeWord`; never `HOLE`. */
  readonly sizeWord: number
}

/** A fragment block of the base. All its tails share one object. */
export interface BaseFragment extends BaseBlock {
  /** Uncompressed bytes up to the end of the last tail. */
  readonly filled: number
}

/** A range of the uncompressed content of a fragment block. */
export interface BaseFragmentPart {
  readonly block: BaseFragment
  readonly offset: number
  readonly length: number
}

/** The file of the base. */
export interface BaseFile {
  /** Open for reading. */
  readonly descriptor: number
  /** Reads bytes at a position, synchronously. */
  read(position: number, length: number): Uint8Array
  /** The copies in progress. They must end before the file is closed. */
  readonly copies: BaseCopies
}

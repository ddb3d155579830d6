/**
 * Base block: a block of an older image, the base, that goes into a new one as it is. `base/` finds out where
 * each block lies; this file has the types alone.
 */

import type { BaseCopies } from './base-copies.js'

/** Where a block lies in the base. */
export interface BaseBlock {
  /** In bytes from the base's start. */
  readonly position: number
  /** As by `blockSizeWord`; never a hole's. */
  readonly sizeWord: number
}

/** A fragment block of the base: one object for all of its tails. */
export interface BaseFragment extends BaseBlock {
  /** Bytes of content up to the end of its last tail. */
  readonly filled: number
}

/** Some of the content of a fragment block of the base. */
export interface BaseFragmentPart {
  readonly block: BaseFragment
  readonly offset: number
  readonly length: number
}

/** The file that the base is. */
export interface BaseFile {
  /** Open for reading. */
  readonly descriptor: number
  /** Bytes at a position, at once. */
  read(position: number, length: number): Uint8Array
  /** Copies of its bytes by the system: ended before it is closed. */
  readonly copies: BaseCopies
}

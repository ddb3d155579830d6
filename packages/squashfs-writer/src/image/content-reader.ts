/** Content reader: the interface through which sources give the contents of files, in order, their blocks encoded. */
import type { Unreadable } from '../errors.js'
import type { FileNode } from '../tree/node.js'
import type { BaseBlock, BaseFragmentPart } from './base-block.js'
import type { EncodedBlock } from './encode-block.js'
import type { FragmentPlan } from './fragment-plan.js'

/** A request for the files' contents. */
export interface ContentRequest {
  /** Whether a digest of a file's whole content is wanted: another file has the same size. */
  wantsDigest(file: FileNode): boolean
  /** Bytes at a file's end that go to a fragment rather than to a block of its own. */
  tailSize(file: FileNode): number
  /** The block of tails to which each of them goes. */
  readonly plan: FragmentPlan
  /** Whether blocks are still wanted; if not, contents are read for errors only. */
  wantsBlocks(): boolean
}

/** A part of a file's content. The parts of a file come one after another, each but the last a multiple of the block size. */
export interface Piece {
  readonly file: FileNode
  /**
   * Encoded blocks and perhaps a tail; how many zeros there are in a hole, without the tail; null when an earlier file of
   * this digest had them all; or a whole content of the base. A repeated content comes in one piece.
   */
  readonly content: EncodedContent | BaseContent | number | null
  /** Bytes of the file that it stands for. */
  readonly size: number
  /** With the first piece, if wanted: a text that is equal only for equal contents. */
  readonly digest: string | null
  readonly last: boolean
  /** Set when the file cannot be read (further); it is then its last piece. */
  readonly failure: Omit<Unreadable, 'path'> | null
}

export interface EncodedContent {
  /** A size word for each block; a hole's is `HOLE`. */
  readonly sizeWords: readonly number[]
  /** The encoded blocks, one after another. */
  readonly blocks: Uint8Array
  /** Bytes of the file that these blocks and holes are. */
  readonly inBlocks: number
  /** The rest, as it is in the file; null where there is none. */
  readonly tail: Uint8Array | null
  /** Where the base had the tail, if it is the same there. */
  readonly tailInBase?: BaseFragmentPart | null
}

/** The whole content of a file as it lies in the base. */
export interface BaseContent {
  /** Its blocks; null for a hole of a block. */
  readonly blocks: readonly (BaseBlock | null)[]
  readonly tail: BaseFragmentPart | null
}

/** A fragment block that was encoded by the reader of all its tails. */
export interface TailBlock {
  /** Its number in the {@link FragmentPlan}. */
  readonly block: number
  /**
   * How many tails it holds: those of all files that could be read, but for contents that came before in the same batch. It
   * does not know what other batches have.
   */
  readonly tails: number
  readonly encoded: EncodedBlock
}

/** Pieces that came in one go. */
export interface Batch {
  readonly pieces: readonly Piece[]
  /** Some of the fragment blocks of which all tails are in this batch. */
  readonly tailBlocks: readonly TailBlock[]
  /** To be called once no bytes of the pieces and blocks are needed any more. */
  release(): void
}

export interface ContentReader {
  /** Reads files in the order given; the bytes of all batches that are not released are bounded, whatever the sizes. */
  read(files: readonly FileNode[], request: ContentRequest): AsyncIterable<Batch>
}

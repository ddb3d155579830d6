/** Content reader: the interface of a source that returns the contents of files, in order, as encoded blocks. */
import type { Unreadable } from '../errors.js'
import type { FileNode } from '../tree/node.js'
import type { BaseBlock, BaseFragmentPart } from './base-block.js'
import type { EncodedBlock } from './encode-block.js'
import type { FragmentPlan } from './fragment-plan.js'

/** The settings of a read. */
export interface ContentRequest {
  /** Whether a digest of the file's whole content is needed, since another file has the same size. */
  wantsDigest(file: FileNode): boolean
  /** Bytes at the end of a file that go to a fragment rather than to a block. */
  tailSize(file: FileNode): number
  /** Says to which fragment block each tail goes. */
  readonly plan: FragmentPlan
  /** Whether blocks are still needed. If not, contents are only read to find all errors. */
  wantsBlocks(): boolean
}

/** A part of a file's content. The pieces of a file are consecutive. The size of each is a multiple of the block size, except the last. */
export interface Piece {
  readonly file: FileNode
  /**
   * One of: encoded blocks, perhaps with a tail; the number of zeros in a hole, without the tail; the whole content from the
   * base; or null if an earlier file with this digest has the content. A repeated content is one piece.
   */
  readonly content: EncodedContent | BaseContent | number | null
  /** Bytes of the file in this piece. */
  readonly size: number
  /** The digest, in the first piece if it is wanted. Two digests are equal only if the contents are. */
  readonly digest: string | null
  readonly last: boolean
  /** The reason why the rest of the file cannot be read. The piece is then the last of its file. */
  readonly failure: Omit<Unreadable, 'path'> | null
}

export interface EncodedContent {
  /** A size word for each block, `HOLE` for a hole. */
  readonly sizeWords: readonly number[]
  /** The encoded blocks, one after another. */
  readonly blocks: Uint8Array
  /** Bytes of the file in these blocks and holes. */
  readonly inBlocks: number
  /** The tail, uncompressed; null if there is none. */
  readonly tail: Uint8Array | null
  /** The same tail in the base, if it has the same content. */
  readonly tailInBase?: BaseFragmentPart | null
}

/** The whole content of a file in the base. */
export interface BaseContent {
  /** Its blocks; null for a hole. */
  readonly blocks: readonly (BaseBlock | null)[]
  readonly tail: BaseFragmentPart | null
}

/** A fragment block that was encoded by the thread that read all its tails. */
export interface TailBlock {
  /** Its number in the {@link FragmentPlan}. */
  readonly block: number
  /**
   * How many tails it holds: those of all files that could be read, except repeated contents of the same batch. Repeated
   * contents of other batches are not known when it is encoded.
   */
  readonly tails: number
  readonly encoded: EncodedBlock
}

/** Pieces that are returned and released together. */
export interface Batch {
  readonly pieces: readonly Piece[]
  /** Fragment blocks whose tails are all in this batch. Some may be missing. */
  readonly tailBlocks: readonly TailBlock[]
  /** Called when the bytes of the pieces and blocks are no longer needed. */
  release(): void
}

export interface ContentReader {
  /** Reads files in the given order. The memory of all batches that are not released is limited, for any size of files. */
  read(files: readonly FileNode[], request: ContentRequest): AsyncIterable<Batch>
}

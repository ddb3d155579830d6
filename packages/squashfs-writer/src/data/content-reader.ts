/** Content reader: the door through which the bytes of files come, in order and ready to be used. */
import type { Unreadable } from '../errors.js'
import type { FileNode } from '../tree/node.js'

/** Whether a digest of a file's whole content is wanted: another file has the same size. */
export type WantsDigest = (file: FileNode) => boolean

/** A part of a file's content. The parts of a file come one after another, each but the last a multiple of the block size. */
export interface Piece {
  readonly file: FileNode
  /**
   * The bytes; how many zeros there are in a hole; null when an earlier file of this digest had them all. What repeats an
   * earlier file comes in one piece.
   */
  readonly bytes: Uint8Array | number | null
  /** With the first piece, if wanted: what is equal only for equal contents. */
  readonly digest: string | null
  readonly last: boolean
  /** Set when the file cannot be read (further); it is then its last piece. */
  readonly failure: Omit<Unreadable, 'path'> | null
}

/** Pieces that came in one go. */
export interface Batch {
  readonly pieces: readonly Piece[]
  /** To be called once no piece's bytes are needed any more. */
  release(): void
}

export interface ContentReader {
  /** Reads files in the order given; what it hands out at a time is bounded, whatever the sizes. */
  read(files: readonly FileNode[], wantsDigest: WantsDigest): AsyncIterable<Batch>
}

/** Placement: where a file's bytes went in the image. */

export interface Placement {
  /** Where the first block lies, in bytes from the image's start; 0 without blocks. */
  start: number
  /** A size word for each block. */
  readonly blockSizes: number[]
  /** Bytes that lie in holes. */
  sparse: number
  /** Fragment index, or `NO_FRAGMENT`. */
  fragment: number
  fragmentOffset: number
}

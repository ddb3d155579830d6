/** Source: where an image is read from, the counterpart of a sink. */

export interface ImageSource {
  /** The bytes at a position; fewer than `length` only where the image ends. */
  read(position: number, length: number): Promise<Uint8Array>
}

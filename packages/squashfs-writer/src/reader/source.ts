/** Source: the interface from which an image is read, the counterpart of a sink. */

export interface ImageSource {
  /** Size of the image, in bytes. */
  readonly size: number
  /**
   * Reads bytes at a position. The range is within {@link size}. The bytes must not change afterwards. A source that returns
   * them without a promise makes reading faster.
   */
  read(position: number, length: number): Uint8Array | Promise<Uint8Array>
  /**
   * Optional: like {@link read}, but synchronous and into an existing array.
   * @returns the number of bytes that were read.
   */
  readInto?(target: Uint8Array, position: number): number
  /** The name of the image in messages: its path. */
  readonly name?: string
}

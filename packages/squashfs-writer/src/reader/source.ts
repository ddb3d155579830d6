/** Source: where an image is read from, the counterpart of a sink. */

export interface ImageSource {
  /** Bytes that there are. */
  readonly size: number
  /**
   * The bytes at a position, which lie within {@link size}. They are not changed afterwards. What is answered at once,
   * without a promise, is used at once.
   */
  read(position: number, length: number): Uint8Array | Promise<Uint8Array>
  /**
   * Where the source can, the same without new memory: fills `target` with the bytes from a position on, at once.
   * @returns how many bytes there were.
   */
  readInto?(target: Uint8Array, position: number): number
  /** The image's name in messages: its path. */
  readonly name?: string
}

/** Codec: how a block is compressed. The one interface behind which zstd, gzip and any other compressor stand. */

export interface Codec {
  /** For people and results: `zstd`, `gzip`, ... */
  readonly name: string
  /** The compressor id in the superblock: 1 gzip, 2 lzma, 3 lzo, 4 xz, 5 lz4, 6 zstd. */
  readonly id: number
  /** The program that compresses, and its version: `node` and `1.5.7`. Absent where the bytes do not depend on one. */
  readonly encoder?: { readonly name: string; readonly version: string }
  /** The bytes that follow the superblock when the settings are not those that the format implies. */
  readonly options?: Uint8Array
  /** True when nothing is ever compressed: every block is stored as it is. */
  readonly stores?: boolean
  /**
   * How a worker makes the same codec for itself. Without it, blocks are compressed in the calling thread, up to `threads`
   * calls at a time.
   */
  readonly recipe?: CodecRecipe
  /**
   * Compresses one block, of data (up to the block size) or of metadata (up to 8 KiB). The result depends on the bytes
   * alone. A result that is not smaller than the input is thrown away, and the input stored.
   *
   * The input must not be changed, and not be kept after the result is there. Calls may overlap.
   */
  compress(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
  /**
   * As {@link compress}, at once, and into memory that is used again: without an array for each block, which costs 5 % of the
   * time and memory until it is collected.
   * @param room where the result goes, from the first byte on: {@link compressBound} as many bytes, or more.
   * @returns bytes that the result has.
   */
  compressInto?(bytes: Uint8Array, output: Uint8Array): number
}

/** Bytes that surely hold what zstd (ZSTD_COMPRESSBOUND) or zlib (compressBound) makes of a block. */
export function compressBound(size: number): number {
  return size + (size >> 8) + 128
}

/** `compress` by `compressInto`. */
export function compressWith(into: NonNullable<Codec['compressInto']>): (bytes: Uint8Array) => Uint8Array {
  let output = new Uint8Array(0)
  return (bytes) => {
    if (output.length < compressBound(bytes.length)) output = new Uint8Array(compressBound(bytes.length))
    return output.slice(0, into(bytes, output))
  }
}

/** A codec as plain data, which can be sent to a worker. */
export type CodecRecipe =
  | { readonly kind: 'zstd'; readonly level: number; readonly encoder: 'node' | 'bundled' }
  | { readonly kind: 'gzip' | 'portable-gzip'; readonly level: number }
  | { readonly kind: 'none' }
  /**
   * A module of the program's own: its URL, and what its default export, a function, is given to make a {@link Codec}.
   * `options` must be something that the structured clone algorithm copies.
   */
  | { readonly kind: 'module'; readonly url: string; readonly options?: unknown }

/** Stores every block as it is. Readers still want a compressor's name: gzip's, which every kernel has. */
export function uncompressed(): Codec {
  return { name: 'none', id: 1, stores: true, recipe: { kind: 'none' }, compress: (bytes) => bytes }
}

/** Codec: the interface of a compressor. zstd, gzip and the caller's own compressors implement it. */

export interface Codec {
  /** The name in results and messages: `zstd`, `gzip`, ... */
  readonly name: string
  /** The compressor id in the superblock: 1 gzip, 2 lzma, 3 lzo, 4 xz, 5 lz4, 6 zstd. */
  readonly id: number
  /** The encoder and its version: `node` and `1.5.7`. Absent if the bytes do not depend on them. */
  readonly encoder?: { readonly name: string; readonly version: string }
  /** The compressor options after the superblock, if the settings are not the defaults of the format. */
  readonly options?: Uint8Array
  /** True if the codec never compresses: all blocks are uncompressed. */
  readonly uncompressed?: boolean
  /**
   * The data from which a worker creates the same codec. Without it, blocks are compressed in the calling thread, up to
   * `threads` calls at a time.
   */
  readonly recipe?: CodecRecipe
  /**
   * Compresses one block, of data (up to the block size) or of metadata (up to 8 KiB). The result must depend on the bytes
   * alone. If it is not smaller than the input, it is discarded and the block is left uncompressed.
   *
   * The input must not be changed, and not be used after the call or its promise is done. Calls may overlap.
   */
  compress(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
  /**
   * Like {@link compress}, but synchronous and into a buffer of the caller. A new array for each block costs 5 % of the time,
   * and memory until it is collected.
   * @param output receives the result, from the first byte on. At least {@link compressBound} bytes.
   * @returns the length of the result.
   */
  compressInto?(bytes: Uint8Array, output: Uint8Array): number
}

/** An upper bound for the compressed size of a block, by zstd (ZSTD_COMPRESSBOUND) and zlib (compressBound). */
export function compressBound(size: number): number {
  return size + (size >> 8) + 128
}

/** Implements `compress` with `compressInto`. */
export function compressWith(
  compressInto: NonNullable<Codec['compressInto']>,
): (bytes: Uint8Array) => Uint8Array {
  let output = new Uint8Array(0)
  return (bytes) => {
    if (output.length < compressBound(bytes.length)) output = new Uint8Array(compressBound(bytes.length))
    return output.slice(0, compressInto(bytes, output))
  }
}

/** A codec as plain data, which can be sent to a worker. */
export type CodecRecipe =
  | { readonly kind: 'zstd'; readonly level: number; readonly encoder: 'node' | 'bundled' }
  | { readonly kind: 'gzip' | 'portable-gzip'; readonly level: number }
  | { readonly kind: 'none' }
  /**
   * A module of the caller. Its default export is a function that takes `options` and returns a {@link Codec}. The structured
   * clone algorithm must be able to copy `options`.
   */
  | { readonly kind: 'module'; readonly url: string; readonly options?: unknown }

/** The codec that leaves all blocks uncompressed. Its id is that of gzip: a reader needs one, and every kernel has gzip. */
export function uncompressed(): Codec {
  return { name: 'none', id: 1, uncompressed: true, recipe: { kind: 'none' }, compress: (bytes) => bytes }
}

/** Codec: how a block is compressed. The one interface behind which zstd, gzip and any other compressor stand. */

export interface Codec {
  /** For people and results: `zstd`, `gzip`, ... */
  readonly name: string
  /** The compressor id in the superblock: 1 gzip, 2 lzma, 3 lzo, 4 xz, 5 lz4, 6 zstd. */
  readonly id: number
  /** What follows the superblock when the settings are not those that the format implies. */
  readonly options?: Uint8Array
  /** True when nothing is ever compressed: every block is stored as it is. */
  readonly stores?: boolean
  /**
   * Compresses one block, of data (up to the block size) or of metadata (up to 8 KiB). The result depends on the bytes
   * alone. A result that is not smaller than the input is thrown away, and the input stored.
   *
   * The input must not be changed, and not be kept after the result is there. Calls may overlap.
   */
  compress(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** Stores every block as it is. Readers still want a compressor's name: gzip's, which every kernel has. */
export function uncompressed(): Codec {
  return { name: 'none', id: 1, stores: true, compress: (bytes) => bytes }
}

/** A program that packs a directory into a squashfs image, as the comparison sees it. */

export type Compression = 'zstd' | 'gzip'

/** The request that is the same for every packer. */
export interface Settings {
  readonly compression: Compression
  readonly level: number
  /** Bytes. */
  readonly blockSize: number
}

export interface PackJob {
  readonly tree: string
  readonly image: string
  readonly settings: Settings
  /** How many cores there are to use. */
  readonly cores: number
}

export interface Packer {
  readonly name: string
  /** The name and version as they stand in the results. Throws if the program is not there. */
  readonly version: () => Promise<string>
  readonly command: (job: PackJob) => readonly string[]
}

/** The interface to a program that packs a directory into a squashfs image. */

export type Compression = 'zstd' | 'gzip'

/** The settings of an image. They are the same for all packers. */
export interface Settings {
  readonly compression: Compression
  readonly level: number
  /** In bytes. */
  readonly blockSize: number
}

export interface PackJob {
  readonly tree: string
  readonly image: string
  readonly settings: Settings
  /** The number of cores to use. */
  readonly cores: number
}

export interface Packer {
  readonly name: string
  /** Resolves to the name and version for the results. Throws if the program is not installed. */
  readonly version: () => Promise<string>
  readonly command: (job: PackJob) => readonly string[]
}

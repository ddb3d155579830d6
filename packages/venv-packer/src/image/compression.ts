/** The compressor of an image, its level and its encoder, chosen by the options. */
import { wrongUsage } from '../failure.js'

export const COMPRESSORS = ['zstd', 'gzip', 'none'] as const
export type Compressor = (typeof COMPRESSORS)[number]

export interface Compression {
  readonly name: Compressor
  /** Undefined for `none`. */
  readonly level: number | undefined
  /** The zstd that compresses; undefined for that of Node, where it has one. */
  readonly encoder?: Encoder | undefined
}

/** The zstd that compresses: that of Node, or the one that comes with squashfs-writer. */
export const ENCODERS = ['node', 'bundled'] as const
export type Encoder = (typeof ENCODERS)[number]

/** The version of the bundled zstd, which `squashfs-writer` knows as well: `--version` must not load it. A test compares them. */
export const BUNDLED_ZSTD_VERSION = '1.5.2'

const LEVELS = {
  zstd: { usual: 3, highest: 22 },
  gzip: { usual: 9, highest: 9 },
} as const

/** Combines `--compression`, `--level` and `--encoder`, and refuses contradictions. */
export function chooseCompression(
  name: Compressor,
  level: number | undefined,
  encoder: Encoder | undefined,
): Compression {
  if (encoder !== undefined && name !== 'zstd') throw wrongUsage(`--compression ${name} has no --encoder`)
  if (name === 'none') {
    if (level !== undefined) throw wrongUsage('--compression none has no --level')
    return { name, level: undefined }
  }
  const { usual, highest } = LEVELS[name]
  if (level !== undefined && (level < 1 || level > highest)) {
    throw wrongUsage(`--level ${level} does not exist for ${name}: it goes from 1 to ${highest}`)
  }
  return { name, level: level ?? usual, encoder }
}

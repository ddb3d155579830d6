/** Chooses the compressor of an image, its level and its encoder from the options. */
import { wrongUsage } from '../failure.js'

export const COMPRESSORS = ['zstd', 'gzip', 'none'] as const
export type Compressor = (typeof COMPRESSORS)[number]

export interface Compression {
  readonly name: Compressor
  /** Undefined for `none`. */
  readonly level: number | undefined
  /** Undefined: Node's zstd if it has one, otherwise the bundled one. */
  readonly encoder?: Encoder | undefined
}

/** The zstd that compresses: Node's own, or the one that is bundled with squashfs-writer. */
export const ENCODERS = ['node', 'bundled'] as const
export type Encoder = (typeof ENCODERS)[number]

/** The version of the bundled zstd, which `squashfs-writer` knows as well: `--version` must not load it. A test compares them. */
export const BUNDLED_ZSTD_VERSION = '1.5.2'

const LEVELS = {
  zstd: { default: 3, highest: 22 },
  gzip: { default: 9, highest: 9 },
} as const

/** Combines `--compression`, `--level` and `--encoder`. Throws a Failure if they contradict each other. */
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
  const { default: defaultLevel, highest } = LEVELS[name]
  if (level !== undefined && (level < 1 || level > highest)) {
    throw wrongUsage(`--level ${level} does not exist for ${name}: it goes from 1 to ${highest}`)
  }
  return { name, level: level ?? defaultLevel, encoder }
}

/** Which compressor an image gets, at which level. */
import { wrongUsage } from '../errors/failure.js'

export const compressors = ['zstd', 'gzip', 'none'] as const
export type Compressor = (typeof compressors)[number]

export interface Compression {
  readonly name: Compressor
  /** Undefined for `none`. */
  readonly level: number | undefined
}

const levels = {
  zstd: { usual: 3, highest: 22 },
  gzip: { usual: 9, highest: 9 },
} as const

/** Puts `--compression` and `--level` together and refuses what does not fit. */
export function chooseCompression(name: Compressor, level: number | undefined): Compression {
  if (name === 'none') {
    if (level !== undefined) throw wrongUsage('--compression none has no --level')
    return { name, level: undefined }
  }
  const { usual, highest } = levels[name]
  if (level !== undefined && (level < 1 || level > highest)) {
    throw wrongUsage(`--level ${level} does not exist for ${name}: it goes from 1 to ${highest}`)
  }
  return { name, level: level ?? usual }
}

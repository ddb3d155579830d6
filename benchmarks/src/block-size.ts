/** Parses and formats block sizes: text (`128K`, `1M`) to bytes and back. */

const SUFFIXES = { '': 1, K: 1024, M: 1024 * 1024 } as const

/** @throws RangeError if the text is not a block size, or the size is not a power of two from 4 KiB to 1 MiB. */
export function parseBlockSize(text: string): number {
  const match = /^(\d+)([KM]?)$/.exec(text.toUpperCase())
  if (match === null) throw new RangeError(`A block size is written like 128K or 1M, not "${text}"`)
  const bytes = Number(match[1]) * SUFFIXES[match[2] as keyof typeof SUFFIXES]
  if (!Number.isInteger(Math.log2(bytes)) || bytes < 4096 || bytes > 1024 * 1024) {
    throw new RangeError(`A block size is a power of two from 4K to 1M, not "${text}"`)
  }
  return bytes
}

export function formatBlockSize(bytes: number): string {
  return bytes % SUFFIXES.M === 0 ? `${bytes / SUFFIXES.M}M` : `${bytes / SUFFIXES.K}K`
}

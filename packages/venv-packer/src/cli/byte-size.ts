/** Reads a size as people write it on a command line: 4096, 64K, 128KiB, 1M. */

const units: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

/** The number of bytes, or undefined when the text is not a size. K, M and G count in 1024s, as in mksquashfs. */
export function parseByteSize(text: string): number | undefined {
  const match = /^(\d{1,15})(?:([kmg])(?:i?b)?|b)?$/i.exec(text.trim())
  if (!match) return undefined
  return Number(match[1]) * (units[match[2]?.toLowerCase() ?? ''] ?? 1)
}

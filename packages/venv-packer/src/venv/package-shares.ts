/** How much of an environment, and of its image, each package is. */
import type { ByteString } from 'squashfs-writer/paths'
import type { Entry } from './inventory/entry.js'
import { newInodes } from './inventory.js'
import type { Packages } from './packages.js'

export interface PackageShare {
  /** Null for what belongs to no package. */
  readonly name: string | null
  readonly version: string | null
  /** Files and symlinks; folders belong to no one. */
  readonly files: number
  readonly bytes: number
  /** Bytes that its files take in the image; null where there is no image yet. */
  readonly bytesInImage: number | null
}

/** Bytes in the image, by path. */
export type StoredBytes = ReadonlyMap<ByteString, number>

/** The largest first; what belongs to no package comes last. */
export function packageShares({ all, rest }: Packages, stored: StoredBytes | null): readonly PackageShare[] {
  const isNew = newInodes()
  const shares = all.map(({ name, version, entries }) => ({ name, version, ...sums(entries) }))
  const others = { name: null, version: null, ...sums(rest) }
  return [...shares.sort((a, b) => b.bytes - a.bytes), ...(others.files > 0 ? [others] : [])]

  function sums(entries: readonly Entry[]): Omit<PackageShare, 'name' | 'version'> {
    return {
      files: entries.length,
      bytes: entries.filter(isNew).reduce((sum, { size }) => sum + size, 0),
      bytesInImage: stored && entries.reduce((sum, { path }) => sum + (stored.get(path) ?? 0), 0),
    }
  }
}

/** How much of an environment, and of its image, each package is. */
import type { ByteString } from 'squashfs-writer/paths'
import type { Entry } from './entry.js'
import { newInodes } from './inventory.js'
import { ownerOfBytecode, type Packages } from './packages.js'

export interface PackageShare {
  /** Null for what belongs to no package. */
  readonly name: string | null
  readonly version: string | null
  /** Files and symlinks; folders belong to no one. */
  readonly files: number
  readonly bytes: number
  /** Bytes that its files take in the image; null where there is no image. */
  readonly bytesInImage: number | null
}

/** The largest first; what belongs to no package comes last. */
export function packageShares(packages: Packages): readonly PackageShare[] {
  return inOrder(sharesOf(packages))
}

/** Shares of an image that is being written. */
export interface SharesInImage {
  /** Takes note of the bytes that a file takes. */
  readonly add: (path: ByteString, storedBytes: number) => void
  /** As by {@link packageShares}, with what was added. */
  readonly shares: () => readonly PackageShare[]
}

/** Keeps no more of the packages than whose each file is. */
export function sharesInImage(packages: Packages): SharesInImage {
  const shares = sharesOf(packages)
  const others = shares.length - 1
  const owners = new Map(
    packages.all.flatMap(({ entries }, n) => entries.map(({ path }) => [path, n] as const)),
  )
  const stored = shares.map(() => 0)
  return {
    add: (path, storedBytes) => {
      // What is compiled for the image was not there to be found.
      const owner = owners.get(path) ?? ownerOfBytecode(path, owners) ?? others
      stored[owner] = (stored[owner] ?? 0) + storedBytes
    },
    shares: () => inOrder(shares.map((share, n) => ({ ...share, bytesInImage: stored[n] ?? 0 }))),
  }
}

/** In the order of the packages; what belongs to none comes last. */
function sharesOf({ all, rest }: Packages): readonly PackageShare[] {
  const isNew = newInodes()
  return [
    ...all.map(({ name, version, entries }) => ({ name, version, ...sums(entries) })),
    { name: null, version: null, ...sums(rest) },
  ]

  function sums(entries: readonly Entry[]): Omit<PackageShare, 'name' | 'version'> {
    const bytes = entries.filter(isNew).reduce((sum, { size }) => sum + size, 0)
    return { files: entries.length, bytes, bytesInImage: null }
  }
}

function inOrder(shares: readonly PackageShare[]): readonly PackageShare[] {
  const packages = shares.filter(({ name }) => name !== null)
  const others = shares.filter(({ name, files }) => name === null && files > 0)
  return [...packages.sort((a, b) => b.bytes - a.bytes), ...others]
}

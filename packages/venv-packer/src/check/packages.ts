/** Assigns the files of an environment to its packages, and sums up their sizes on disk and in the image. */
import { posix } from 'node:path'
import { type ByteString, toDisplay } from 'squashfs-writer/paths'
import { distributionOf } from '../environment/distributions.js'
import { parseBytecodeName } from '../environment/python-layout.js'
import { below, type Content, directoryOf, type Entry, nameOf } from './entry.js'
import { parseRecord } from './formats/text-files.js'
import { type Inventory, newInodes } from './inventory.js'
import { isBelow } from './outside.js'

export interface Package {
  readonly name: string
  readonly version: string
  /** Its `dist-info` directory, relative to the environment. */
  readonly info: ByteString
  /** The files that its RECORD lists; null if it has no RECORD. */
  readonly recorded: readonly Recorded[] | null
  /** Its entries, without directories. */
  readonly entries: readonly Entry[]
}

export interface Recorded {
  /** Relative to the environment. */
  readonly path: ByteString
  /** Bytes; null if RECORD has no size. */
  readonly size: number | null
}

export interface Packages {
  /** Sorted by their `dist-info` directories. */
  readonly all: readonly Package[]
  /** The entries that belong to no package, without directories. */
  readonly rest: readonly Entry[]
}

export function packagesOf(
  inventory: Pick<Inventory, 'path' | 'entries' | 'at' | 'contentOf' | 'python'>,
): Packages {
  const site = `${inventory.python?.path}/site-packages`
  const found = inventory.entries
    .filter(
      ({ type, path }) => type === 'directory' && directoryOf(path) === site && path.endsWith('.dist-info'),
    )
    .map(({ path }) => ({ ...nameAndVersion(path), info: path, recorded: recordedIn(path, inventory) }))
    .sort((a, b) => (a.info < b.info ? -1 : 1))
  const owners = new Map<ByteString, number>()
  for (const [n, { recorded }] of found.entries()) {
    for (const { path } of recorded ?? []) if (!owners.has(path)) owners.set(path, n)
  }
  const infos = new Map(found.map(({ info }, n) => [info, n]))
  const entries: Entry[][] = found.map(() => [])
  const rest: Entry[] = []
  for (const entry of inventory.entries) {
    if (entry.type === 'directory') continue
    const owner =
      owners.get(entry.path) ?? ownerOfBytecode(entry.path, owners) ?? ownerOfInfo(entry.path, infos)
    const list = owner === undefined ? rest : (entries[owner] ?? rest)
    list.push(entry)
  }
  return { all: found.map((one, n) => ({ ...one, entries: entries[n] ?? [] })), rest }
}

/** A directory with another name is a package as well, since it may have a RECORD. */
function nameAndVersion(info: ByteString): Pick<Package, 'name' | 'version'> {
  const directory = toDisplay(nameOf(info))
  return distributionOf(directory) ?? { name: directory.replace(/\.dist-info$/, ''), version: '' }
}

function recordedIn(
  info: ByteString,
  inventory: Pick<Inventory, 'path' | 'at' | 'contentOf'>,
): readonly Recorded[] | null {
  const content = contentAt(`${info}/RECORD`, inventory)
  if (content?.kind !== 'text') return null
  const root = inventory.path
  const site = directoryOf(info)
  return parseRecord(content.text).flatMap(({ path, size }) => {
    const inside = isNormalized(path)
      ? `${site}/${path}`
      : insideOf(root, posix.resolve(`${root}/${site}`, path))
    // Some Pythons install into lib64, which is a symlink to lib.
    return inside === null
      ? []
      : [{ path: inside.startsWith('lib64/') ? `lib/${inside.slice(6)}` : inside, size }]
  })
}

function contentAt(path: ByteString, { at, contentOf }: Pick<Inventory, 'at' | 'contentOf'>): Content | null {
  const entry = at.get(path)
  return entry ? contentOf(entry) : null
}

/** Whether a path is relative and has no empty, `.` or `..` part. Nearly all paths are so, and need not be resolved. */
function isNormalized(path: ByteString): boolean {
  return !/^\/|(?:^|\/)\.{0,2}(?:\/|$)/.test(path)
}

function insideOf(root: ByteString, absolute: ByteString): ByteString | null {
  return isBelow(absolute, root) ? absolute.slice(root.length + 1) : null
}

/** The owner of a bytecode file is the owner of its source: uv does not record bytecode, and no RECORD has that of other Pythons. */
export function ownerOfBytecode(
  path: ByteString,
  owners: ReadonlyMap<ByteString, number>,
): number | undefined {
  if (!path.endsWith('.pyc')) return undefined // nearly all paths
  const cache = directoryOf(path)
  if (nameOf(cache) !== '__pycache__') return undefined
  const module = parseBytecodeName(nameOf(path))?.module
  return module === undefined ? undefined : owners.get(below(directoryOf(cache), `${module}.py`))
}

/** A package owns all files in its `dist-info`, recorded or not. */
function ownerOfInfo(path: ByteString, infos: ReadonlyMap<ByteString, number>): number | undefined {
  const at = path.indexOf('.dist-info/')
  return at < 0 ? undefined : infos.get(path.slice(0, at + '.dist-info'.length))
}

export interface PackageShare {
  /** Null for the files that belong to no package. */
  readonly name: string | null
  readonly version: string | null
  /** The number of files and symlinks, without directories. */
  readonly files: number
  readonly bytes: number
  /** Bytes that its files take in the image; null if there is no image. */
  readonly bytesInImage: number | null
}

/** The share of each package, the largest first. The files of no package come last. */
export function packageShares(packages: Packages): readonly PackageShare[] {
  return inOrder(sharesOf(packages))
}

/** Sums up the shares of packages in an image that is being written. */
export interface SharesInImage {
  /** Adds the bytes that a file takes. */
  readonly add: (path: ByteString, storedBytes: number) => void
  /** Like {@link packageShares}, with the bytes that were added. */
  readonly shares: () => readonly PackageShare[]
}

/** Keeps only the owner of each file in memory, not the packages. */
export function sharesInImage(packages: Packages): SharesInImage {
  const shares = sharesOf(packages)
  const others = shares.length - 1
  const owners = new Map<ByteString, number>(
    packages.all.flatMap(({ entries }, n) => entries.map(({ path }) => [path, n] as const)),
  )
  const stored = shares.map(() => 0)
  return {
    add: (path, storedBytes) => {
      // Bytecode that `pack` compiles is not among the entries of the packages.
      const owner = owners.get(path) ?? ownerOfBytecode(path, owners) ?? others
      stored[owner] = (stored[owner] ?? 0) + storedBytes
    },
    shares: () => inOrder(shares.map((share, n) => ({ ...share, bytesInImage: stored[n] ?? 0 }))),
  }
}

/** The share of each package, in their order. The files of no package come last. */
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

/** The packages of an environment, and which of its files belongs to which: what their `RECORD` files say. */
import { posix } from 'node:path'
import { type ByteString, toDisplay } from 'squashfs-writer/paths'
import { distributionOf } from './distributions.js'
import { parseRecord } from './formats/record.js'
import { below, type Entry, folderOf, nameOf } from './inventory/entry.js'
import type { Inventory } from './inventory.js'
import { isBelow } from './locality.js'
import { parseBytecodeName } from './python-layout.js'

export interface Package {
  readonly name: string
  readonly version: string
  /** Its `dist-info` folder, from the environment on. */
  readonly info: ByteString
  /** Files that its RECORD lists; null where it has none. */
  readonly recorded: readonly Recorded[] | null
  /** All that lies in the environment and belongs to it, without folders. */
  readonly entries: readonly Entry[]
}

export interface Recorded {
  /** From the environment on. */
  readonly path: ByteString
  /** Bytes; null where it is not recorded. */
  readonly size: number | null
}

export interface Packages {
  /** In the order of their folders. */
  readonly all: readonly Package[]
  /** What belongs to none, without folders. */
  readonly rest: readonly Entry[]
}

export function packagesOf(inventory: Pick<Inventory, 'path' | 'entries' | 'at' | 'python'>): Packages {
  const site = `${inventory.python?.path}/site-packages`
  const found = inventory.entries
    .filter(({ kind, path }) => kind === 'folder' && folderOf(path) === site && path.endsWith('.dist-info'))
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
    if (entry.kind === 'folder') continue
    const owner =
      owners.get(entry.path) ?? ownerOfBytecode(entry.path, owners) ?? ownerOfInfo(entry.path, infos)
    const list = owner === undefined ? rest : (entries[owner] ?? rest)
    list.push(entry)
  }
  return { all: found.map((one, n) => ({ ...one, entries: entries[n] ?? [] })), rest }
}

/** What has no such name is a package all the same, for it may have a RECORD. */
function nameAndVersion(info: ByteString): Pick<Package, 'name' | 'version'> {
  const folder = toDisplay(nameOf(info))
  return distributionOf(folder) ?? { name: folder.replace(/\.dist-info$/, ''), version: '' }
}

function recordedIn(info: ByteString, inventory: Pick<Inventory, 'path' | 'at'>): readonly Recorded[] | null {
  const content = inventory.at.get(`${info}/RECORD`)?.content
  if (content?.kind !== 'text') return null
  const root = inventory.path
  const site = folderOf(info)
  return parseRecord(content.text).flatMap(({ path, size }) => {
    const inside = isPlain(path) ? `${site}/${path}` : insideOf(root, posix.resolve(`${root}/${site}`, path))
    // Some Pythons install into lib64, which is a symlink to lib.
    return inside === null
      ? []
      : [{ path: inside.startsWith('lib64/') ? `lib/${inside.slice(6)}` : inside, size }]
  })
}

/** Whether a path is relative and has no steps that lead nowhere or up: nearly all are so, and need no resolving. */
function isPlain(path: ByteString): boolean {
  return !/^\/|(?:^|\/)\.{0,2}(?:\/|$)/.test(path)
}

function insideOf(root: ByteString, absolute: ByteString): ByteString | null {
  return isBelow(absolute, root) ? absolute.slice(root.length + 1) : null
}

/** Bytecode goes with its source: uv does not record it, and other Pythons' is in no record. */
export function ownerOfBytecode(
  path: ByteString,
  owners: ReadonlyMap<ByteString, number>,
): number | undefined {
  const cache = folderOf(path)
  if (nameOf(cache) !== '__pycache__') return undefined
  const module = parseBytecodeName(nameOf(path))?.module
  return module === undefined ? undefined : owners.get(below(folderOf(cache), `${module}.py`))
}

/** What lies in its `dist-info` is a package's own, recorded or not. */
function ownerOfInfo(path: ByteString, infos: ReadonlyMap<ByteString, number>): number | undefined {
  const at = path.indexOf('.dist-info/')
  return at < 0 ? undefined : infos.get(path.slice(0, at + '.dist-info'.length))
}

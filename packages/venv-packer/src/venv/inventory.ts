/** The inventory of an environment: all that lies in it, as the file system counts it, and what matters of its files. */
import type { DirectoryLook, DiskEntry, Failure } from 'squashfs-writer'
import { type ByteString, toByteString } from 'squashfs-writer/paths'
import { compilePatterns } from 'squashfs-writer/patterns'
import type { Environment } from './environment.js'
import { findInterpreter, type Interpreter, onDisk, type PathLook } from './interpreter.js'
import type { Content, Entry } from './inventory/entry.js'
import { isWorthPeeking } from './inventory/peek.js'
import { permissionTest } from './inventory/permission.js'
import { type PythonFolder, pythonFolder } from './python-layout.js'
import type { PyvenvConfig } from './pyvenv-cfg.js'

export interface Inventory {
  /** Where the environment lies: as it was named, absolute. */
  readonly path: ByteString
  /** The same with all symlinks followed. */
  readonly realPath: ByteString
  /** Undefined for a folder that is no virtual environment. */
  readonly config: PyvenvConfig | undefined
  /** Whether conda made it. */
  readonly conda: boolean
  /** All but what is excluded; the folder itself is the first, its path ''. */
  readonly entries: readonly Entry[]
  readonly at: ReadonlyMap<ByteString, Entry>
  /** Whether a path, or a folder above it, is left out by the patterns of --exclude. */
  readonly isExcluded: (path: ByteString) => boolean
  readonly census: Census
  readonly interpreter: Interpreter | undefined
  /** The folder of its Python; undefined where there is none. */
  readonly python: PythonFolder | undefined
  /** Folders of other Pythons. */
  readonly otherPythons: readonly PythonFolder[]
}

/** What a file system counts, and quotas are about. */
export interface Census {
  /** Each once, however many names it has. */
  readonly inodes: number
  readonly files: number
  readonly folders: number
  readonly symlinks: number
  /** Devices, sockets, fifos. */
  readonly others: number
  /** Sum of the sizes of files, each inode once. */
  readonly bytes: number
}

/** What was read of files, by their paths, or why that could not be done. */
export type Peeked = Map<ByteString, Content | null | Failure>

/** The examiner that reads of files what an inventory needs to know. */
export function peekModule(): string {
  return new URL('./peek.js', import.meta.url).href
}

/** Which files an inventory wants to have examined. */
export function wantsPeek(file: DiskEntry): boolean {
  return file.type === 'file' && file.failure === null && isWorthPeeking(file)
}

/** Has files examined for an inventory, and opens those that look as if they could not be read. */
export async function peekAt(look: DirectoryLook): Promise<Peeked> {
  const looksReadable = permissionTest()
  const peeked: Peeked = new Map()
  const files = look.entries.filter(
    (entry) => wantsPeek(entry) || (entry.type === 'file' && entry.failure === null && !looksReadable(entry)),
  )
  await look.examine(files, ({ path }, answer) =>
    peeked.set(path, 'code' in answer ? answer : (answer.found as Content | null)),
  )
  return peeked
}

/**
 * @param found what lies in the environment, without what `exclude` names.
 * @param peeked what was read of its files.
 * @param lookAt how the paths of its interpreter are looked at.
 */
export function takeInventory(
  environment: Environment,
  found: readonly DiskEntry[],
  peeked: Peeked,
  exclude: readonly string[],
  lookAt: (at: ReadonlyMap<ByteString, Entry>) => PathLook = () => onDisk,
): Inventory {
  const realPath = toByteString(environment.realPath)
  const at = entriesOf(found, peeked)
  const entries = [...at.values()]
  const { config, conda } = environment
  return {
    path: toByteString(environment.path),
    realPath,
    config,
    conda,
    entries,
    at,
    isExcluded: exclusion(exclude),
    census: takeCensus(entries),
    interpreter: config && findInterpreter(realPath, lookAt(at)),
    ...pythonsOf(entries, config),
  }
}

function entriesOf(found: readonly DiskEntry[], peeked: Peeked): ReadonlyMap<ByteString, Entry> {
  const entries = new Map<ByteString, Entry>()
  for (const one of found) {
    const { type, path, size, mtime, inode, target, failure } = one
    const answer = peeked.get(path) ?? null
    const unread = answer && 'code' in answer ? answer : null
    const content = answer && !('code' in answer) ? answer : null
    entries.set(path, {
      path,
      kind: kinds[type ?? 'file'],
      size,
      mode: type === null ? 0o777 : one.mode,
      mtime,
      sharedInode: inode,
      target,
      failure: failure ?? unread,
      content,
    })
  }
  return entries
}

const kinds: Readonly<Record<NonNullable<DiskEntry['type']>, Entry['kind']>> = {
  file: 'file',
  directory: 'folder',
  symlink: 'symlink',
  socket: 'socket',
  fifo: 'fifo',
  'block-device': 'device',
  'character-device': 'device',
}

/** Counts inodes, not names. */
export function takeCensus(entries: readonly Entry[]): Census {
  const inodes = entries.filter(newInodes())
  const ofKind = (kind: Entry['kind']) => inodes.filter((entry) => entry.kind === kind)
  const [files, folders, symlinks] = [ofKind('file'), ofKind('folder').length, ofKind('symlink').length]
  return {
    inodes: inodes.length,
    files: files.length,
    folders,
    symlinks,
    others: inodes.length - files.length - folders - symlinks,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
  }
}

/** Tells of entries, one after the other, whether their inode is new: it may have several names. */
export function newInodes(): (entry: Entry) => boolean {
  const seen = new Set<string>()
  return ({ sharedInode }) => {
    if (sharedInode === null) return true
    const before = seen.size
    return seen.add(sharedInode).size > before
  }
}

export function pythonsOf(
  entries: readonly Entry[],
  config: PyvenvConfig | undefined,
): Pick<Inventory, 'python' | 'otherPythons'> {
  const folders = entries.flatMap(({ kind, path }) => (kind === 'folder' ? (pythonFolder(path) ?? []) : []))
  const wanted = config?.version?.split('.').slice(0, 2).join('.')
  const python =
    folders.find(({ version }) => version === wanted) ?? (folders.length === 1 ? folders[0] : undefined)
  return { python, otherPythons: folders.filter((folder) => folder !== python) }
}

function exclusion(exclude: readonly string[]): (path: ByteString) => boolean {
  const matches = compilePatterns('exclude', exclude)
  if (matches === null) return () => false
  return (path) => {
    const parts = path.split('/')
    return parts.some((_, n) => matches(parts.slice(0, n + 1).join('/')))
  }
}

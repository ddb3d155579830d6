/** Scan: a directory on disk becomes a tree. Contents stay where they are. */
import { constants } from 'node:fs'
import { type Unreadable, UnreadableError } from '../errors.js'
import { InodeType } from '../format/inode.js'
import type { Progress } from '../image/write-tree.js'
import { type ByteString, toDisplay } from '../tree/byte-string.js'
import type { AttributeRules } from '../tree/entry.js'
import { checkName } from '../tree/entry.js'
import {
  type Attributes,
  attach,
  type Content,
  type DirectoryNode,
  deviceNode,
  directoryNode,
  type FolderOnDisk,
  fileNode,
  ipcNode,
  type Node,
  nodeAt,
  symlinkNode,
} from '../tree/node.js'
import type { PathTest } from '../tree/patterns.js'
import { type DiskEntry, diskEntry, unknownEntry } from './disk-entry.js'
import { inodeOf } from './identity.js'
import { DIRECTORY_REMEDY } from './source-directory.js'
import type { Pool } from './workers/pool.js'
import {
  bringsXattrs,
  FACT,
  FACTS,
  type Facts,
  type Failure,
  factOf,
  isFailure,
  NAMES_PER_BATCH,
  type XattrsRead,
} from './workers/protocol.js'

const { S_IFMT, S_IFREG, S_IFDIR, S_IFLNK, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } = constants

/** Directories that one job is given: a message to a worker costs more than a small directory. */
const DIRECTORIES_PER_BATCH = 64

/** Names of a folder for which it is worth to ask another. */
const FEWEST_NAMES = 4

/** A folder, or some names of it, still to be looked into. */
interface Pending {
  readonly directory: DirectoryNode
  /** From the source on. */
  readonly path: ByteString
  /** The inode that it was when it was found. */
  readonly seen: ByteString
  readonly names: ByteString[] | null
  /** Its place among the entries. */
  readonly entry: number
}

export interface ScanOptions {
  readonly rules: AttributeRules
  readonly xattrs: XattrsRead
  /** Only what matches is packed, with the directories above it; null packs all. */
  readonly include: PathTest | null
  /** What matches is left out, with all that lies below it. */
  readonly exclude: PathTest | null
  /** Whether a directory on another filesystem is packed empty. */
  readonly oneFileSystem: boolean
  /** Whether anybody wants to know what was found. */
  readonly listsEntries: boolean
}

/** Who may stop the scan, and who is told how far it is. */
export interface ScanControl {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export interface ScanResult {
  readonly root: DirectoryNode
  /** What could not be read, and is not in the tree. */
  readonly missing: readonly Unreadable[]
  /** All that was found, the directory itself first; empty where nobody wants to know. */
  readonly entries: readonly DiskEntry[]
}

/**
 * Walks a directory by bytes: every name that `readdir` gives arrives.
 * @throws UnreadableError when the source itself cannot be read.
 */
export async function scan(
  source: ByteString,
  pool: Pool,
  options: ScanOptions,
  { signal, onProgress }: ScanControl,
): Promise<ScanResult> {
  const unreadable: { path: ByteString; failure: Failure }[] = []
  const inodes = new Map<string, Node>()
  const lost = new Set<DirectoryNode>()
  const entries: DiskEntry[] | null = options.listsEntries ? [] : null
  let [count, bytes] = [0, 0]

  const [itself] = await pool.run('stat', {
    directories: [{ path: source, seen: null, names: [''] }],
    xattrs: options.xattrs,
  })
  const failure = !itself || isFailure(itself) ? itself : itself.failures[0]?.[1]
  if (!itself || isFailure(itself) || failure) throw unreadableSource(failure)
  const root = nodeOf(itself, 0, '', { path: '', seen: null })
  if (root?.type !== InodeType.DIRECTORY)
    throw unreadableSource({ code: 'ENOTDIR', message: 'it is not a directory' })
  entries?.push(diskEntry(itself, 0, '', root))
  const rootDevice = itself.numbers[FACT.device]!
  const pending: Pending[] = [
    { directory: root, path: '', seen: inodeOf(itself.identities[0]!), names: null, entry: 0 },
  ]
  await walk()
  if (options.include) prune(root)

  unreadable.sort((a, b) => (a.path < b.path ? -1 : 1))
  const listed = unreadable.map(({ path, failure }) => ({ path: toDisplay(path), ...failure }))
  const someLeft = options.include !== null || lost.size > 0
  const told = someLeft ? entries?.filter((entry) => isPartOf(root, entry)) : entries
  return { root, missing: listed, entries: told ?? [] }

  function unreadableSource(failure: Failure | undefined): UnreadableError {
    const { code, message } = failure ?? { code: 'UNKNOWN', message: 'it cannot be looked at' }
    return new UnreadableError([{ path: toDisplay(source), code, message }], DIRECTORY_REMEDY)
  }

  /** Looks into folders, many at a time, until none is left. */
  async function walk(): Promise<void> {
    const looks = new Set<Promise<void>>()
    while (pending.length > 0 || looks.size > 0) {
      signal.throwIfAborted()
      const wanted = pool.jobsWanted()
      while (pending.length > 0 && looks.size < wanted) {
        const share = Math.min(DIRECTORIES_PER_BATCH, Math.ceil(pending.length / wanted))
        const look = lookInto(pending.splice(-share)).finally(() => looks.delete(look))
        look.catch(() => {}) // thrown by the race below
        looks.add(look)
      }
      await Promise.race(looks)
    }
  }

  async function lookInto(folders: readonly Pending[]): Promise<void> {
    const onDisk = folders.map(({ path, seen, names }) => ({
      path: path === '' ? source : `${source}/${path}`,
      seen,
      names,
    }))
    const answers = await pool.run('stat', { directories: onDisk, xattrs: options.xattrs })
    for (const [n, folder] of folders.entries()) {
      const answer = answers[n]
      if (lost.has(folder.directory)) continue // some of its names were looked at, and others could not be
      if (!answer) pending.push(folder)
      else if (isFailure(answer)) {
        lost.add(folder.directory)
        unreadable.push({ path: folder.path, failure: answer })
        if (entries) entries[folder.entry] = { ...entries[folder.entry]!, failure: answer }
        if (folder.directory.parent) removeFromParent(folder.directory)
      } else {
        take(folder, answer)
        const share = Math.ceil(answer.rest.length / pool.jobsWanted())
        const most = Math.min(NAMES_PER_BATCH, Math.max(share, FEWEST_NAMES))
        for (let at = 0; at < answer.rest.length; at += most)
          pending.push({ ...folder, names: answer.rest.slice(at, at + most) })
      }
    }
    onProgress({ phase: 'scan', files: count, bytesIn: bytes, totalFiles: 0, totalBytes: 0, bytesOut: 0 })
  }

  /** Puts names into a directory; those that are directories themselves will be looked into. */
  function take({ directory, path: prefix, seen }: Pending, facts: Facts): void {
    const failures = new Map(facts.failures)
    const folder: FolderOnDisk = { path: prefix === '' ? source : `${source}/${prefix}`, seen }
    for (const [n, name] of facts.names.entries()) {
      const path = prefix === '' ? name : `${prefix}/${name}`
      if (options.exclude?.(path)) continue
      const failure = failures.get(n)
      if (failure) {
        if (options.include?.(path) ?? true) fail(path, failure)
        continue
      }
      const node = nodeOf(facts, n, path, folder)
      if (!node) continue
      if (options.include && node.type !== InodeType.DIRECTORY && !options.include(path)) continue
      checkName(name, path)
      attach(directory, name, node)
      count++
      const entry = entries ? entries.push(diskEntry(facts, n, path, node)) - 1 : 0
      if (node.type === InodeType.FILE) bytes += node.size
      if (node.type === InodeType.DIRECTORY && entersDevice(facts, n))
        pending.push({ directory: node, path, seen: inodeOf(facts.identities[n]!), names: null, entry })
    }
  }

  function fail(path: ByteString, failure: Failure): void {
    unreadable.push({ path, failure })
    entries?.push({ ...unknownEntry, path, failure })
  }

  function entersDevice(facts: Facts, n: number): boolean {
    return !options.oneFileSystem || facts.numbers[n * FACTS + FACT.device] === rootDevice
  }

  function nodeOf(facts: Facts, n: number, path: ByteString, folder: FolderOnDisk): Node | null {
    const { numbers } = facts
    const first = n * FACTS
    const hardLink = factOf(facts.hardLinks, n)
    const known = hardLink === undefined ? undefined : inodes.get(hardLink)
    if (known) return known
    const attributes = options.rules(path, {
      mode: numbers[first + FACT.mode]! & 0o7777,
      uid: numbers[first + FACT.uid]!,
      gid: numbers[first + FACT.gid]!,
      mtime: numbers[first + FACT.mtime]!,
      xattrs: factOf(facts.xattrs, n) ?? [],
    })
    const node = makeNode(facts, n, attributes, folder, options.xattrs === 'all')
    if (!node) fail(path, { code: 'UNKNOWN_TYPE', message: 'it is of a type that squashfs does not know' })
    else if (hardLink !== undefined) inodes.set(hardLink, node)
    return node
  }
}

/** @returns null for what is of no type that the format knows. */
function makeNode(
  facts: Facts,
  n: number,
  attributes: Attributes,
  folder: FolderOnDisk,
  readsXattrs: boolean,
): Node | null {
  const { numbers } = facts
  const first = n * FACTS
  switch (numbers[first + FACT.mode]! & S_IFMT) {
    case S_IFDIR:
      return directoryNode(attributes)
    case S_IFREG: {
      const size = numbers[first + FACT.size]!
      const content: Content = {
        kind: 'disk',
        folder,
        name: facts.names[n]!,
        seen: facts.identities[n]!,
        sparse: numbers[first + FACT.blocks]! * 512 < size,
        bringsXattrs: readsXattrs && bringsXattrs(size),
      }
      return fileNode(attributes, size, content)
    }
    case S_IFLNK:
      return symlinkNode(attributes, factOf(facts.targets, n) ?? '')
    case S_IFBLK:
    case S_IFCHR: {
      const isBlock = (numbers[first + FACT.mode]! & S_IFMT) === S_IFBLK
      const type = isBlock ? InodeType.BLOCK_DEVICE : InodeType.CHARACTER_DEVICE
      return deviceNode(type, attributes, numbers[first + FACT.major]!, numbers[first + FACT.minor]!)
    }
    case S_IFIFO:
      return ipcNode(InodeType.FIFO, attributes)
    case S_IFSOCK:
      return ipcNode(InodeType.SOCKET, attributes)
    default:
      return null
  }
}

function removeFromParent(directory: DirectoryNode): void {
  const parent = directory.parent!
  for (const [name, node] of parent.children) {
    if (node === directory) parent.children.delete(name)
  }
  parent.links--
}

/** Takes away directories in which nothing was included. */
function prune(directory: DirectoryNode): boolean {
  for (const [name, node] of directory.children) {
    if (node.type !== InodeType.DIRECTORY || prune(node)) continue
    directory.children.delete(name)
    directory.links--
  }
  return directory.children.size > 0
}

/** Whether it is in the tree still, or has a reason not to be: a folder may have been pruned, or lost with what it holds. */
function isPartOf(root: DirectoryNode, { path, failure }: DiskEntry): boolean {
  return failure !== null || path === '' || nodeAt(root, path.split('/')) !== undefined
}

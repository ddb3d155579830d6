/** Scan: a directory on disk becomes a tree. Contents stay where they are. */
import { type Unreadable, UnreadableError } from '../errors.js'
import { InodeType } from '../format/inode.js'
import { type ByteString, toDisplay } from '../tree/byte-string.js'
import type { AttributeRules } from '../tree/entry.js'
import { checkName } from '../tree/entry.js'
import {
  attach,
  type Content,
  type DirectoryNode,
  deviceNode,
  directoryNode,
  type FolderOnDisk,
  fileNode,
  ipcNode,
  type Node,
  symlinkNode,
} from '../tree/node.js'
import type { PathTest } from '../tree/patterns.js'
import { inodeOf } from './identity.js'
import { bringsXattrs, FACT, FACTS, type Facts, type Failure, isFailure, NAMES_PER_LOOK } from './jobs.js'
import type { Workers } from './workers.js'

/** Folders that one job is given: a message to a thread costs more than a look into a small folder. */
const FOLDERS_PER_LOOK = 64

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
}

export interface ScanOptions {
  readonly rules: AttributeRules
  /** Whether xattrs are read at all. */
  readonly xattrs: boolean
  /** Only what matches is packed, with the directories above it; null packs all. */
  readonly include: PathTest | null
  /** What matches is left out, with all that lies below it. */
  readonly exclude: PathTest | null
  /** Whether a directory on another filesystem is packed empty. */
  readonly oneFileSystem: boolean
}

export interface ScanResult {
  readonly root: DirectoryNode
  /** What could not be read, and is not in the tree. */
  readonly missing: readonly Unreadable[]
}

/**
 * Walks a directory by bytes: every name that `readdir` gives arrives.
 * @param progress told how many entries and bytes were found so far.
 * @throws UnreadableError when the source itself cannot be read.
 */
export async function scan(
  source: ByteString,
  workers: Workers,
  options: ScanOptions,
  signal: AbortSignal,
  progress: (entries: number, bytes: number) => void,
): Promise<ScanResult> {
  const unreadable: { path: ByteString; failure: Failure }[] = []
  const inodes = new Map<string, Node>()
  let [entries, bytes] = [0, 0]

  const [itself] = await workers.run('look', {
    folders: [{ path: source, seen: null, names: [''] }],
    xattrs: options.xattrs,
  })
  const failure = !itself || isFailure(itself) ? itself : itself.failures[0]?.[1]
  if (!itself || isFailure(itself) || failure) throw unreadableSource(failure)
  const root = nodeOf(itself, 0, '', { path: '', seen: null })
  if (root?.type !== InodeType.DIRECTORY)
    throw unreadableSource({ code: 'ENOTDIR', message: 'it is not a directory' })
  const rootDevice = itself.numbers[FACT.device]!
  const pending: Pending[] = [
    { directory: root, path: '', seen: inodeOf(itself.identities[0]!), names: null },
  ]
  await walk()
  if (options.include) prune(root)

  unreadable.sort((a, b) => (a.path < b.path ? -1 : 1))
  const listed = unreadable.map(({ path, failure }) => ({ path: toDisplay(path), ...failure }))
  return { root, missing: listed }

  function unreadableSource(failure: Failure | undefined): UnreadableError {
    const { code, message } = failure ?? { code: 'UNKNOWN', message: 'it cannot be looked at' }
    return new UnreadableError([{ path: toDisplay(source), code, message }])
  }

  /** Looks into folders, many at a time, until none is left. */
  async function walk(): Promise<void> {
    const looks = new Set<Promise<void>>()
    while (pending.length > 0 || looks.size > 0) {
      signal.throwIfAborted()
      const wanted = workers.jobsWanted()
      while (pending.length > 0 && looks.size < wanted) {
        const share = Math.min(FOLDERS_PER_LOOK, Math.ceil(pending.length / wanted))
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
    const answers = await workers.run('look', { folders: onDisk, xattrs: options.xattrs })
    for (const [n, folder] of folders.entries()) {
      const answer = answers[n]
      if (!answer) pending.push(folder)
      else if (isFailure(answer)) {
        unreadable.push({ path: folder.path, failure: answer })
        if (folder.directory.parent) removeFromParent(folder.directory)
      } else {
        take(folder, answer)
        const share = Math.ceil(answer.rest.length / workers.jobsWanted())
        const most = Math.min(NAMES_PER_LOOK, Math.max(share, FEWEST_NAMES))
        for (let at = 0; at < answer.rest.length; at += most)
          pending.push({ ...folder, names: answer.rest.slice(at, at + most) })
      }
    }
    progress(entries, bytes)
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
        if (options.include?.(path) ?? true) unreadable.push({ path, failure })
        continue
      }
      const node = nodeOf(facts, n, path, folder)
      if (!node) continue
      if (options.include && node.type !== InodeType.DIRECTORY && !options.include(path)) continue
      checkName(name, path)
      attach(directory, name, node)
      entries++
      if (node.type === InodeType.FILE) bytes += node.size
      if (node.type === InodeType.DIRECTORY && entersDevice(facts, n))
        pending.push({ directory: node, path, seen: inodeOf(facts.identities[n]!), names: null })
    }
  }

  function entersDevice(facts: Facts, n: number): boolean {
    return !options.oneFileSystem || facts.numbers[n * FACTS + FACT.device] === rootDevice
  }

  function nodeOf(facts: Facts, n: number, path: ByteString, folder: FolderOnDisk): Node | null {
    const number = (fact: number) => facts.numbers[n * FACTS + fact]!
    const hardLink = found(facts.hardLinks, n)
    const known = hardLink === undefined ? undefined : inodes.get(hardLink)
    if (known) return known
    const attributes = options.rules(path, {
      mode: number(FACT.mode) & 0o7777,
      uid: number(FACT.uid),
      gid: number(FACT.gid),
      mtime: number(FACT.mtime),
      xattrs: found(facts.xattrs, n) ?? [],
    })
    const node = makeNode()
    if (node && hardLink !== undefined) inodes.set(hardLink, node)
    return node

    function makeNode(): Node | null {
      switch (number(FACT.mode) & 0o170000) {
        case 0o040000:
          return directoryNode(attributes)
        case 0o100000: {
          const size = number(FACT.size)
          const content: Content = {
            kind: 'disk',
            folder,
            name: facts.names[n]!,
            seen: facts.identities[n]!,
            sparse: number(FACT.blocks) * 512 < size,
            bringsXattrs: options.xattrs && bringsXattrs(size),
          }
          return fileNode(attributes, size, content)
        }
        case 0o120000:
          return symlinkNode(attributes, found(facts.targets, n) ?? '')
        case 0o060000:
          return deviceNode(InodeType.BLOCK_DEVICE, attributes, number(FACT.major), number(FACT.minor))
        case 0o020000:
          return deviceNode(InodeType.CHARACTER_DEVICE, attributes, number(FACT.major), number(FACT.minor))
        case 0o010000:
          return ipcNode(InodeType.FIFO, attributes)
        case 0o140000:
          return ipcNode(InodeType.SOCKET, attributes)
        default:
          unreadable.push({
            path,
            failure: { code: 'UNKNOWN_TYPE', message: 'it is of a type that squashfs does not know' },
          })
          return null
      }
    }
  }
}

function found<T>(pairs: readonly (readonly [number, T])[], n: number): T | undefined {
  return pairs.length === 0 ? undefined : pairs.find(([index]) => index === n)?.[1]
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

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
  fileNode,
  ipcNode,
  type Node,
  symlinkNode,
  type Xattr,
} from '../tree/node.js'
import type { PathTest } from '../tree/patterns.js'
import { FACT, FACTS, type Facts, type Failure } from './jobs.js'
import { JobError, type Workers } from './workers.js'

/** Names of which one job finds out the facts: small enough to share a large directory out, large enough to be cheap. */
const NAMES_PER_JOB = 128

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
  readonly unreadable: 'fail' | 'omit'
}

export interface ScanResult {
  readonly root: DirectoryNode
  readonly omitted: readonly Unreadable[]
}

/**
 * Walks a directory by bytes: every name that `readdir` gives arrives.
 * @param progress told how many entries and bytes were found so far.
 * @throws UnreadableError with everything that could not be read, unless it is to be omitted.
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

  const facts = await workers.run('stat', { path: source, xattrs: options.xattrs, names: [''] })
  const failure = facts.failures[0]?.[1]
  if (failure) throw new UnreadableError([{ path: toDisplay(source), ...failure }])
  const root = nodeOf(facts, 0, '', source)
  if (root?.type !== InodeType.DIRECTORY)
    throw new UnreadableError([
      { path: toDisplay(source), code: 'ENOTDIR', message: 'it is not a directory' },
    ])
  const rootDevice = facts.numbers[FACT.device]!
  await list(root, '')
  if (options.include) prune(root)

  unreadable.sort((a, b) => (a.path < b.path ? -1 : 1))
  const listed = unreadable.map(({ path, failure }) => ({ path: toDisplay(path), ...failure }))
  if (listed.length > 0 && options.unreadable === 'fail') throw new UnreadableError(listed)
  return { root, omitted: listed }

  async function list(directory: DirectoryNode, path: ByteString): Promise<void> {
    signal.throwIfAborted()
    const onDisk = path === '' ? source : `${source}/${path}`
    const ask = { path: onDisk, xattrs: options.xattrs }
    try {
      const { rest, ...first } = await workers.run('list', { ...ask, most: NAMES_PER_JOB })
      const below = [take(directory, path, first)]
      for (let at = 0; at < rest.length; at += NAMES_PER_JOB) {
        const names = rest.slice(at, at + NAMES_PER_JOB)
        below.push(workers.run('stat', { ...ask, names }).then((more) => take(directory, path, more)))
      }
      await Promise.all(below)
    } catch (error) {
      if (!(error instanceof JobError)) throw error
      unreadable.push({ path, failure: error.failure })
      if (directory.parent) removeFromParent(directory)
    }
  }

  /** Puts names into a directory, and walks on into those that are directories themselves. */
  async function take(directory: DirectoryNode, prefix: ByteString, facts: Facts): Promise<void> {
    const failures = new Map(facts.failures)
    const below: Promise<void>[] = []
    for (const [n, name] of facts.names.entries()) {
      const path = prefix === '' ? name : `${prefix}/${name}`
      if (options.exclude?.(path)) continue
      const failure = failures.get(n)
      if (failure) {
        unreadable.push({ path, failure })
        continue
      }
      const node = nodeOf(facts, n, path, `${source}/${path}`)
      if (!node) continue
      if (options.include && node.type !== InodeType.DIRECTORY && !options.include(path)) continue
      checkName(name, path)
      attach(directory, name, node)
      entries++
      if (node.type === InodeType.FILE) bytes += node.size
      if (node.type === InodeType.DIRECTORY && entersDevice(facts, n)) below.push(list(node, path))
    }
    progress(entries, bytes)
    await Promise.all(below)
  }

  function entersDevice(facts: Facts, n: number): boolean {
    return !options.oneFileSystem || facts.numbers[n * FACTS + FACT.device] === rootDevice
  }

  function nodeOf(facts: Facts, n: number, path: ByteString, onDisk: ByteString): Node | null {
    const number = (fact: number) => facts.numbers[n * FACTS + fact]!
    const hardLink = found(facts.hardLinks, n)
    const known = hardLink === undefined ? undefined : inodes.get(hardLink)
    if (known) return known
    const attributes = options.rules(path, {
      mode: number(FACT.mode) & 0o7777,
      uid: number(FACT.uid),
      gid: number(FACT.gid),
      mtime: number(FACT.mtimeMs) / 1000,
      xattrs: (found(facts.xattrs, n) ?? []) as readonly Xattr[],
    })
    const node = makeNode()
    if (node && hardLink !== undefined) inodes.set(hardLink, node)
    return node

    function makeNode(): Node | null {
      const rdev = number(FACT.rdev)
      switch (number(FACT.mode) & 0o170000) {
        case 0o040000:
          return directoryNode(attributes)
        case 0o100000: {
          const size = number(FACT.size)
          const content: Content = {
            kind: 'disk',
            path: onDisk,
            seen: {
              device: number(FACT.device),
              inode: number(FACT.inode),
              mtimeMs: number(FACT.mtimeMs),
              ctimeMs: number(FACT.ctimeMs),
            },
            sparse: number(FACT.blocks) * 512 < size,
          }
          return fileNode(attributes, size, content)
        }
        case 0o120000:
          return symlinkNode(attributes, found(facts.targets, n) ?? '')
        case 0o060000:
          return deviceNode(InodeType.BLOCK_DEVICE, attributes, majorOf(rdev), minorOf(rdev))
        case 0o020000:
          return deviceNode(InodeType.CHARACTER_DEVICE, attributes, majorOf(rdev), minorOf(rdev))
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

/** Of glibc's 64-bit device number (sys/sysmacros.h): major in bits 8 to 19 and 44 to 63, minor in 0 to 7 and 20 to 43. */
function majorOf(rdev: number): number {
  return (Math.floor(rdev / 2 ** 8) & 0xfff) + (Math.floor(rdev / 2 ** 44) << 12)
}

function minorOf(rdev: number): number {
  return (rdev & 0xff) + (Math.floor(rdev / 2 ** 20) % 2 ** 24) * 2 ** 8
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

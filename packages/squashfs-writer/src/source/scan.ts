/** Scan: a directory on disk becomes a tree. Contents stay where they are. */
import { constants } from 'node:fs'
import { UnreadableError } from '../errors.js'
import { InodeType } from '../format/inode.js'
import type { Progress } from '../image/write-tree.js'
import { type ByteString, toDisplay } from '../tree/byte-string.js'
import { checkName } from '../tree/entry.js'
import {
  type Attributes,
  attach,
  type Content,
  type DirectoryNode,
  type DirectoryOnDisk,
  deviceNode,
  directoryNode,
  fileNode,
  ipcNode,
  type Node,
  symlinkNode,
} from '../tree/node.js'
import type { PathTest } from '../tree/patterns.js'
import { inodeOf } from './identity.js'
import { DIRECTORY_REMEDY } from './source-directory.js'
import type { Pool } from './workers/pool.js'
import {
  bringsXattrs,
  FACT,
  type Facts,
  type Failure,
  factOf,
  isFailure,
  NAMES_PER_BATCH,
  numberOf,
  type XattrsRead,
} from './workers/protocol.js'

const { S_IFMT, S_IFREG, S_IFDIR, S_IFLNK, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } = constants

/** Directories that one job is given: a message to a worker costs more than a small directory. */
const DIRECTORIES_PER_BATCH = 64

/** Names of a directory that are worth a job of their own. */
const FEWEST_NAMES = 4

/** A directory, or some names of it, still to be listed. */
interface Pending {
  readonly directory: DirectoryNode
  /** From the source on. */
  readonly path: ByteString
  /** The inode that it was when it was found. */
  readonly seen: ByteString
  readonly names: ByteString[] | null
}

export interface ScanOptions {
  readonly xattrs: XattrsRead
  /** Only what matches is packed, with the directories above it; null packs all. */
  readonly include: PathTest | null
  /** Paths that match are left out, with all that lies below them. */
  readonly exclude: PathTest | null
  /** Whether a directory on another filesystem is packed empty. */
  readonly oneFileSystem: boolean
}

/** The signal that stops the scan, and the callback for its progress. */
export interface ScanControl {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

/** What could not be read, and is not in the tree. */
export interface Missing {
  /** From the source on. */
  readonly path: ByteString
  readonly failure: Failure
  /** A directory that cannot be listed; null for what cannot be looked at. */
  readonly directory: DirectoryNode | null
}

export interface ScanResult {
  /** Its attributes are those on disk: no rule is applied, and a time may be one that the format cannot hold. */
  readonly root: DirectoryNode
  /** In the order of paths. */
  readonly missing: readonly Missing[]
}

/**
 * Walks a directory by bytes: every name that `readdir` gives arrives.
 * @throws UnreadableError when the source itself cannot be read.
 */
export function scan(
  source: ByteString,
  pool: Pool,
  options: ScanOptions,
  control: ScanControl,
): Promise<ScanResult> {
  return new Scan(source, pool, options, control).run()
}

class Scan {
  readonly #source: ByteString
  readonly #pool: Pool
  readonly #options: ScanOptions
  readonly #control: ScanControl
  readonly #missing: Missing[] = []
  /** Those with several names, by their identity. */
  readonly #inodes = new Map<string, Node>()
  /** Directories that could not be listed to their end. */
  readonly #lost = new Set<DirectoryNode>()
  readonly #pending: Pending[] = []
  #rootDevice = 0
  #count = 0
  #bytes = 0

  constructor(source: ByteString, pool: Pool, options: ScanOptions, control: ScanControl) {
    this.#source = source
    this.#pool = pool
    this.#options = options
    this.#control = control
  }

  async run(): Promise<ScanResult> {
    const root = await this.#start()
    await this.#walk()
    if (this.#options.include) prune(root)
    return { root, missing: this.#missing.sort((a, b) => (a.path < b.path ? -1 : 1)) }
  }

  async #start(): Promise<DirectoryNode> {
    const [itself] = await this.#pool.run('stat', {
      directories: [{ path: this.#source, seen: null, names: [''] }],
      xattrs: this.#options.xattrs,
    })
    const failure = !itself || isFailure(itself) ? itself : itself.failures[0]?.[1]
    if (!itself || isFailure(itself) || failure) throw this.#unreadableSource(failure)
    const root = this.#nodeOf(itself, 0, '', { path: '', seen: null, above: 0 })
    if (root?.type !== InodeType.DIRECTORY)
      throw this.#unreadableSource({ code: 'ENOTDIR', message: 'it is not a directory' })
    this.#rootDevice = numberOf(itself, 0, FACT.device)
    this.#pending.push({ directory: root, path: '', seen: inodeOf(itself.identities[0]!), names: null })
    return root
  }

  #unreadableSource(failure: Failure | undefined): UnreadableError {
    const { code, message } = failure ?? { code: 'UNKNOWN', message: 'it cannot be looked at' }
    return new UnreadableError([{ path: toDisplay(this.#source), code, message }], DIRECTORY_REMEDY)
  }

  /** Lists directories, many at a time, until none is left. */
  async #walk(): Promise<void> {
    const batches = new Set<Promise<void>>()
    while (this.#pending.length > 0 || batches.size > 0) {
      this.#control.signal.throwIfAborted()
      const wanted = this.#pool.jobsWanted()
      while (this.#pending.length > 0 && batches.size < wanted) {
        const share = Math.min(DIRECTORIES_PER_BATCH, Math.ceil(this.#pending.length / wanted))
        const batch = this.#list(this.#pending.splice(-share)).finally(() => batches.delete(batch))
        batch.catch(() => {}) // thrown by the race below
        batches.add(batch)
      }
      await Promise.race(batches)
    }
  }

  async #list(directories: readonly Pending[]): Promise<void> {
    const above = this.#source.length + 1
    const onDisk = directories.map(({ path, seen, names }) => ({
      path: this.#diskPath(path),
      seen,
      above,
      names,
    }))
    const answers = await this.#pool.run('stat', { directories: onDisk, xattrs: this.#options.xattrs })
    for (const [n, pending] of directories.entries()) {
      const answer = answers[n]
      if (this.#lost.has(pending.directory)) continue // some of its names were looked at, and others could not be
      if (!answer) this.#pending.push(pending)
      else if (isFailure(answer)) this.#lose(pending, answer)
      else {
        this.#take(pending, answer)
        const share = Math.ceil(answer.rest.length / this.#pool.jobsWanted())
        const most = Math.min(NAMES_PER_BATCH, Math.max(share, FEWEST_NAMES))
        for (let at = 0; at < answer.rest.length; at += most)
          this.#pending.push({ ...pending, names: answer.rest.slice(at, at + most) })
      }
    }
    const done = { files: this.#count, bytesIn: this.#bytes }
    this.#control.onProgress({ phase: 'scan', ...done, totalFiles: 0, totalBytes: 0, bytesOut: 0 })
  }

  /** A directory that cannot be listed is in the tree no more, with all that was found in it. */
  #lose({ directory, path }: Pending, failure: Failure): void {
    this.#lost.add(directory)
    this.#missing.push({ path, failure, directory })
    if (directory.parent) removeFromParent(directory)
  }

  /** Puts names into a directory; those that are directories themselves will be listed. */
  #take({ directory, path: prefix, seen }: Pending, facts: Facts): void {
    const { include, exclude } = this.#options
    const failures = new Map(facts.failures)
    const onDisk: DirectoryOnDisk = {
      path: this.#diskPath(prefix),
      seen,
      above: this.#source.length + 1,
    }
    for (const [n, name] of facts.names.entries()) {
      const path = prefix === '' ? name : `${prefix}/${name}`
      if (exclude?.(path)) continue
      const failure = failures.get(n)
      if (failure) {
        if (include?.(path) ?? true) this.#fail(path, failure)
        continue
      }
      const node = this.#nodeOf(facts, n, path, onDisk)
      if (!node) continue
      if (include && node.type !== InodeType.DIRECTORY && !include(path)) continue
      checkName(name, path)
      attach(directory, name, node)
      this.#count++
      if (node.type === InodeType.FILE) this.#bytes += node.size
      if (node.type === InodeType.DIRECTORY && this.#entersDevice(facts, n))
        this.#pending.push({ directory: node, path, seen: inodeOf(facts.identities[n]!), names: null })
    }
  }

  #fail(path: ByteString, failure: Failure): void {
    this.#missing.push({ path, failure, directory: null })
  }

  #entersDevice(facts: Facts, n: number): boolean {
    return !this.#options.oneFileSystem || numberOf(facts, n, FACT.device) === this.#rootDevice
  }

  #nodeOf(facts: Facts, n: number, path: ByteString, directory: DirectoryOnDisk): Node | null {
    const hardLink = factOf(facts.hardLinks, n)
    const known = hardLink === undefined ? undefined : this.#inodes.get(hardLink)
    if (known) return known
    const attributes = {
      mode: numberOf(facts, n, FACT.mode) & 0o7777,
      uid: numberOf(facts, n, FACT.uid),
      gid: numberOf(facts, n, FACT.gid),
      mtime: numberOf(facts, n, FACT.mtime),
      xattrs: factOf(facts.xattrs, n) ?? null,
    }
    const node = makeNode(facts, n, attributes, directory, this.#options.xattrs === 'all')
    if (!node)
      this.#fail(path, { code: 'UNKNOWN_TYPE', message: 'it is of a type that squashfs does not know' })
    else if (hardLink !== undefined) this.#inodes.set(hardLink, node)
    return node
  }

  /** @param path from the source on. */
  #diskPath(path: ByteString): ByteString {
    return path === '' ? this.#source : `${this.#source}/${path}`
  }
}

/** @returns null for what is of no type that the format knows. */
function makeNode(
  facts: Facts,
  n: number,
  attributes: Attributes,
  directory: DirectoryOnDisk,
  readsXattrs: boolean,
): Node | null {
  const mode = numberOf(facts, n, FACT.mode)
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return directoryNode(attributes)
    case S_IFREG: {
      const size = numberOf(facts, n, FACT.size)
      const content: Content = {
        kind: 'disk',
        directory,
        name: facts.names[n]!,
        seen: facts.identities[n]!,
        sparse: numberOf(facts, n, FACT.blocks) * 512 < size,
        bringsXattrs: readsXattrs && bringsXattrs(size),
      }
      return fileNode(attributes, size, content)
    }
    case S_IFLNK:
      return symlinkNode(attributes, factOf(facts.targets, n) ?? '')
    case S_IFBLK:
    case S_IFCHR: {
      const isBlock = (mode & S_IFMT) === S_IFBLK
      const type = isBlock ? InodeType.BLOCK_DEVICE : InodeType.CHARACTER_DEVICE
      return deviceNode(type, attributes, numberOf(facts, n, FACT.major), numberOf(facts, n, FACT.minor))
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

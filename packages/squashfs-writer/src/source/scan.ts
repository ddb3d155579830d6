/** Scan: builds the tree of a directory on disk. Contents are not read. */
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
  type Failure,
  isFailure,
  NAMES_PER_BATCH,
  numberOf,
  STAT_FIELD,
  type StatBatch,
  sparseValue,
  type XattrsRead,
  xattrsWithContent,
} from './workers/protocol.js'

const { S_IFMT, S_IFREG, S_IFDIR, S_IFLNK, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } = constants

/** Maximum number of directories in a job: a message to a worker costs more than listing a small directory. */
const DIRECTORIES_PER_BATCH = 64

/** Minimum number of names of a large directory in a job. */
const MIN_NAMES = 4

/** A directory that is not listed yet, or some of its names. */
interface Pending {
  readonly directory: DirectoryNode
  /** Relative to the source. */
  readonly path: ByteString
  /** The inode that was found at the path. */
  readonly seen: ByteString
  readonly names: ByteString[] | null
}

export interface ScanOptions {
  readonly xattrs: XattrsRead
  /** Only matching paths are packed, and the directories above them; null packs all. */
  readonly include: PathTest | null
  /** Matching paths are left out, with everything below them. */
  readonly exclude: PathTest | null
  /** Whether a directory on another filesystem is packed empty. */
  readonly oneFileSystem: boolean
}

/** The signal that aborts the scan, and the callback for its progress. */
export interface ScanControl {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

/** A path that could not be read and is not in the tree. */
export interface Missing {
  /** Relative to the source. */
  readonly path: ByteString
  readonly failure: Failure
  /** A directory that cannot be listed; null for a path whose status cannot be read. */
  readonly directory: DirectoryNode | null
}

export interface ScanResult {
  /** The tree with the attributes on disk: no rules are applied, and a time may be out of the range of squashfs. */
  readonly root: DirectoryNode
  /** Sorted by path. */
  readonly missing: readonly Missing[]
}

/**
 * Scans a directory. Names are handled as bytes, so that none is lost or changed.
 * @throws UnreadableError if the source itself cannot be read.
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
  /** The inodes with several names, by inode. */
  readonly #inodes = new Map<string, Node>()
  /** Directories that could not be listed completely. */
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
    const root = this.#nodeOf(itself, 0, '', { path: '', seen: null, prefixLength: 0 })
    if (root?.type !== InodeType.DIRECTORY)
      throw this.#unreadableSource({ code: 'ENOTDIR', message: 'it is not a directory' })
    this.#rootDevice = numberOf(itself, 0, STAT_FIELD.device)
    this.#pending.push({ directory: root, path: '', seen: inodeOf(itself.identities[0]!), names: null })
    return root
  }

  #unreadableSource(failure: Failure | undefined): UnreadableError {
    const { code, message } = failure ?? { code: 'UNKNOWN', message: 'it cannot be looked at' }
    return new UnreadableError([{ path: toDisplay(this.#source), code, message }], DIRECTORY_REMEDY)
  }

  /** Lists directories, many at a time, until all are listed. */
  async #walk(): Promise<void> {
    const batches = new Set<Promise<void>>()
    while (this.#pending.length > 0 || batches.size > 0) {
      this.#control.signal.throwIfAborted()
      const wanted = this.#pool.jobsWanted()
      while (this.#pending.length > 0 && batches.size < wanted) {
        const share = Math.min(DIRECTORIES_PER_BATCH, Math.ceil(this.#pending.length / wanted))
        const batch = this.#list(this.#pending.splice(-share)).finally(() => batches.delete(batch))
        batch.catch(() => {}) // the race below throws the error
        batches.add(batch)
      }
      await Promise.race(batches)
    }
  }

  async #list(directories: readonly Pending[]): Promise<void> {
    const prefixLength = this.#source.length + 1
    const onDisk = directories.map(({ path, seen, names }) => ({
      path: this.#diskPath(path),
      seen,
      prefixLength,
      names,
    }))
    const responses = await this.#pool.run('stat', { directories: onDisk, xattrs: this.#options.xattrs })
    for (const [n, pending] of directories.entries()) {
      const response = responses[n]
      if (this.#lost.has(pending.directory)) continue // another job for names of this directory has failed
      if (!response) this.#pending.push(pending)
      else if (isFailure(response)) this.#lose(pending, response)
      else {
        this.#addBatch(pending, response)
        const share = Math.ceil(response.rest.length / this.#pool.jobsWanted())
        const most = Math.min(NAMES_PER_BATCH, Math.max(share, MIN_NAMES))
        for (let at = 0; at < response.rest.length; at += most)
          this.#pending.push({ ...pending, names: response.rest.slice(at, at + most) })
      }
    }
    const done = { files: this.#count, bytesIn: this.#bytes }
    this.#control.onProgress({ phase: 'scan', ...done, totalFiles: 0, totalBytes: 0, bytesOut: 0 })
  }

  /** Removes a directory that cannot be listed from the tree, with everything that was found in it. */
  #lose({ directory, path }: Pending, failure: Failure): void {
    this.#lost.add(directory)
    this.#missing.push({ path, failure, directory })
    if (directory.parent) removeFromParent(directory)
  }

  /** Adds entries to a directory. Subdirectories will be listed, too. */
  #addBatch({ directory, path: prefix, seen }: Pending, batch: StatBatch): void {
    const { include, exclude } = this.#options
    const failures = new Map(batch.failures)
    const onDisk: DirectoryOnDisk = {
      path: this.#diskPath(prefix),
      seen,
      prefixLength: this.#source.length + 1,
    }
    for (const [n, name] of batch.names.entries()) {
      const path = prefix === '' ? name : `${prefix}/${name}`
      if (exclude?.(path)) continue
      const failure = failures.get(n)
      if (failure) {
        if (include?.(path) ?? true) this.#fail(path, failure)
        continue
      }
      const node = this.#nodeOf(batch, n, path, onDisk)
      if (!node) continue
      if (include && node.type !== InodeType.DIRECTORY && !include(path)) continue
      checkName(name, path)
      attach(directory, name, node)
      this.#count++
      if (node.type === InodeType.FILE) this.#bytes += node.size
      if (node.type === InodeType.DIRECTORY && this.#entersDevice(batch, n))
        this.#pending.push({ directory: node, path, seen: inodeOf(batch.identities[n]!), names: null })
    }
  }

  #fail(path: ByteString, failure: Failure): void {
    this.#missing.push({ path, failure, directory: null })
  }

  #entersDevice(batch: StatBatch, n: number): boolean {
    return !this.#options.oneFileSystem || numberOf(batch, n, STAT_FIELD.device) === this.#rootDevice
  }

  #nodeOf(batch: StatBatch, n: number, path: ByteString, directory: DirectoryOnDisk): Node | null {
    const hardLink = sparseValue(batch.hardLinks, n)
    const known = hardLink === undefined ? undefined : this.#inodes.get(hardLink)
    if (known) return known
    const attributes = {
      mode: numberOf(batch, n, STAT_FIELD.mode) & 0o7777,
      uid: numberOf(batch, n, STAT_FIELD.uid),
      gid: numberOf(batch, n, STAT_FIELD.gid),
      mtime: numberOf(batch, n, STAT_FIELD.mtime),
      xattrs: sparseValue(batch.xattrs, n) ?? null,
    }
    const node = makeNode(batch, n, attributes, directory, this.#options.xattrs === 'all')
    if (!node)
      this.#fail(path, { code: 'UNKNOWN_TYPE', message: 'it is of a type that squashfs does not know' })
    else if (hardLink !== undefined) this.#inodes.set(hardLink, node)
    return node
  }

  /** @param path relative to the source. */
  #diskPath(path: ByteString): ByteString {
    return path === '' ? this.#source : `${this.#source}/${path}`
  }
}

/** @returns null for a type that squashfs does not have. */
function makeNode(
  batch: StatBatch,
  n: number,
  attributes: Attributes,
  directory: DirectoryOnDisk,
  readsXattrs: boolean,
): Node | null {
  const mode = numberOf(batch, n, STAT_FIELD.mode)
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return directoryNode(attributes)
    case S_IFREG: {
      const size = numberOf(batch, n, STAT_FIELD.size)
      const content: Content = {
        kind: 'disk',
        directory,
        name: batch.names[n]!,
        seen: batch.identities[n]!,
        sparse: numberOf(batch, n, STAT_FIELD.blocks) * 512 < size,
        xattrsWithContent: readsXattrs && xattrsWithContent(size),
      }
      return fileNode(attributes, size, content)
    }
    case S_IFLNK:
      return symlinkNode(attributes, sparseValue(batch.targets, n) ?? '')
    case S_IFBLK:
    case S_IFCHR: {
      const isBlock = (mode & S_IFMT) === S_IFBLK
      const type = isBlock ? InodeType.BLOCK_DEVICE : InodeType.CHARACTER_DEVICE
      return deviceNode(
        type,
        attributes,
        numberOf(batch, n, STAT_FIELD.major),
        numberOf(batch, n, STAT_FIELD.minor),
      )
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

/** Removes directories without included entries. Returns whether any entries remain. */
function prune(directory: DirectoryNode): boolean {
  for (const [name, node] of directory.children) {
    if (node.type !== InodeType.DIRECTORY || prune(node)) continue
    directory.children.delete(name)
    directory.links--
  }
  return directory.children.size > 0
}

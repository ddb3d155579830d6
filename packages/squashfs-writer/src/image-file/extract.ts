/**
 * Extract: writes the content of an image into a directory.
 *
 * Nothing is written outside of the directory. The reader refuses names such as `..` and `a/b`. Every directory on the way was
 * created by the extraction, or checked not to be a symlink. A file is always a new one. Symlinks are created after all files,
 * so that no path leads through them.
 */
import { chmodSync, lchownSync, linkSync, lutimesSync, symlinkSync, utimesSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { ExtractError, ImageError } from '../errors.js'
import { NO_FRAGMENT } from '../format/fragment.js'
import { InodeType } from '../format/inode.js'
import { type DirectoryColumns, nameAt } from '../reader/directory-columns.js'
import type { ImageDirectory, ImageInode } from '../reader/inode-reader.js'
import type { ColumnsOfDirectory } from '../reader/walk.js'
import { systemCode } from '../system-error.js'
import { type ByteString, toByteString, toDisplay } from '../tree/byte-string.js'
import { FILE_TYPE_BITS } from '../tree/file-type.js'
import { fileExtraction } from './extract-files.js'
import { jobRunner } from './extract-job.js'
import { extractTarget } from './extract-target.js'
import { startExtractThreads } from './extract-threads.js'
import type { OpenImage } from './open-image.js'
import { ensureDirectory, openTargetDirectory } from './target-directory.js'

export interface ExtractOptions {
  /** Paths to extract, from the root of the image, with everything below them. All if absent. Symlinks are not followed. */
  readonly paths?: readonly (string | Uint8Array)[]
  /** Whether existing files are replaced; false if absent. Existing directories are kept. */
  readonly overwrite?: boolean
  /**
   * Whether files get the owners in the image. If absent, true for root and false for other users. Without owners, setuid and
   * setgid bits of files are removed.
   */
  readonly owners?: boolean
  /** Whether extended attributes are set; true if absent. Xattrs that the system refuses are left out and counted. */
  readonly xattrs?: boolean
  /** Aborts the extraction. Files that are already written stay. */
  readonly signal?: AbortSignal
}

/** What was extracted. */
export interface ExtractResult {
  readonly files: number
  readonly directories: number
  readonly symlinks: number
  /** Devices, fifos and sockets. */
  readonly others: number
  /** Names of inodes after their first name. */
  readonly hardLinks: number
  /** Bytes of the files, without holes. */
  readonly bytes: number
  /** Devices that this user may not create. */
  readonly skipped: readonly { readonly path: string; readonly message: string }[]
  /** For each xattr name: the number of files and directories on which it was refused. */
  readonly droppedXattrs: Readonly<Record<string, number>>
}

/** Each worker takes 40 ms to spawn, and all write to one filesystem. */
const MAX_THREADS = 16
/** After this many directories the event loop handles signals and responses. The calls here are blocking. */
const DIRECTORIES_BETWEEN_EVENTS = 256
/** An image with at least this many inodes, or bytes of data, is large: all workers are spawned at once. */
const MANY_INODES = 2000
const MANY_BYTES = 16 << 20

/** See `extractImage`. */
export async function extractTree(
  image: OpenImage,
  directory: string | Uint8Array,
  options: ExtractOptions,
): Promise<ExtractResult> {
  const { signal, overwrite = false, xattrs = true } = options
  const owners = options.owners ?? process.geteuid?.() === 0
  signal?.throwIfAborted()
  const { root, isNew } = openTargetDirectory(toByteString(directory))
  const settings = { root, overwrite, owners, xattrs }
  const target = extractTarget(image, settings)
  const throwIfAborted = () => signal?.throwIfAborted()
  const counts = { directories: 0, symlinks: 0, others: 0, hardLinks: 0 }
  const skipped: { path: string; message: string }[] = []
  const { make, onDisk, diskPathOf } = target

  /** Directories that were created or checked, parents first. */
  const directories = new Map<ByteString, ImageDirectory>()
  const firstNames = new Map<number, ByteString>()
  const others: { readonly path: ByteString; readonly reference: number }[] = []
  const hardLinks: { readonly path: ByteString; readonly first: ByteString }[] = []
  const skippedPaths = new Set<ByteString>()
  const parts = image.partReader()
  const { inodeCount, inodeTable } = image.superblock
  const threads = startExtractThreads(image, settings, jobRunner(image, parts, target, throwIfAborted), {
    cores: Math.min(availableParallelism(), MAX_THREADS),
    isLarge: options.paths === undefined && (inodeCount >= MANY_INODES || inodeTable >= MANY_BYTES),
    signal,
  })
  const files = fileExtraction(image, parts, target, threads)

  try {
    for (const path of selection(options.paths)) await extractPath(path)
    await files.end()
    const byWorkers = await threads.end()
    for (const { path, reference } of others) {
      throwIfAborted()
      await makeOther(path, await image.at(reference))
    }
    for (const { path, first } of hardLinks) makeHardLink(path, first)
    for (const [path, inode] of [...directories].reverse()) {
      if (path !== '' || isNew) await finishDirectory(path, inode)
    }
    const byCaller = target.takeWritten()
    return {
      ...counts,
      files: byWorkers.files + byCaller.files,
      bytes: byWorkers.bytes + byCaller.bytes,
      skipped,
      droppedXattrs: countedByName([...byWorkers.dropped, ...byCaller.dropped]),
    }
  } finally {
    // All writes must end before the caller gets an error.
    await files.settled()
    await threads.stop()
  }

  async function extractPath(path: ByteString): Promise<void> {
    const names = path === '' ? [] : path.split('/')
    for (let n = 0; n < names.length; n++) {
      const above = names.slice(0, n).join('/')
      const inode = await image.find(bytesOf(above))
      if (inode?.type !== InodeType.DIRECTORY) throw notInImage(path)
      makeDirectory(above, inode)
    }
    const inode = await image.find(bytesOf(path))
    if (inode === null) throw notInImage(path)
    if (inode.type !== InodeType.DIRECTORY) {
      const { type, reference, links, head } = inode
      const [size, fragment] = type === InodeType.FILE ? [inode.size, inode.fragment] : [0, NO_FRAGMENT]
      await extractInode(path, { type, reference, links, number: head.number, size, fragment })
      return
    }
    await image.columns(bytesOf(path), { recursive: true }, extractDirectory)
  }

  async function extractDirectory({ path: above, inode, columns }: ColumnsOfDirectory): Promise<void> {
    makeDirectory(above, inode)
    if (directories.size % DIRECTORIES_BETWEEN_EVENTS === 0)
      await new Promise((resolve) => setImmediate(resolve))
    for (let row = 0; row < columns.count; row++) {
      if (columns.types[row] === InodeType.DIRECTORY) continue
      const name = nameAt(columns, row)
      const waiting = extractInode(above === '' ? name : `${above}/${name}`, rowOf(columns, row))
      if (waiting) await waiting
    }
  }

  /** Adds a file to the jobs. All other types are created after the files. */
  function extractInode(path: ByteString, found: FoundInode): void | Promise<void> {
    const { type, reference, links } = found
    throwIfAborted()
    if (links > 1) {
      const first = firstNames.get(reference)
      if (first !== undefined) {
        hardLinks.push({ path, first })
        return
      }
      firstNames.set(reference, path)
    }
    if (type !== InodeType.FILE) others.push({ path, reference })
    else return files.add({ path, ...found })
  }

  /** Creates a directory. Its attributes are set last, since they may forbid to write into it. */
  function makeDirectory(path: ByteString, inode: ImageDirectory): void {
    if (directories.has(path)) return
    directories.set(path, inode)
    if (path === '') return
    make(path, ensureDirectory)
    counts.directories++
  }

  async function makeOther(path: ByteString, inode: ImageInode): Promise<void> {
    const set = await target.xattrsOf(inode)
    if (inode.type === InodeType.SYMLINK) {
      make(path, (diskPath) => symlinkSync(Buffer.from(inode.target), diskPath))
      counts.symlinks++
    } else if (await makeSpecial(path, inode)) {
      counts.others++
    } else {
      return
    }
    onDisk(path, (diskPath) => {
      if (owners) lchownSync(diskPath, inode.uid, inode.gid)
      target.setXattrs(path, set)
      if (inode.type !== InodeType.SYMLINK) chmodSync(diskPath, target.modeOf(inode))
      lutimesSync(diskPath, inode.head.mtime, inode.head.mtime)
    })
  }

  /** Creates a device, fifo or socket. Returns false if it was skipped: only root may create devices. */
  async function makeSpecial(path: ByteString, inode: ImageInode): Promise<boolean> {
    const calls = await target.calls()
    if (calls === null) return skip(path, 'this system has no call that makes it')
    const device = 'device' in inode ? inode.device : 0
    try {
      make(path, (diskPath) => calls.makeNode(diskPath, FILE_TYPE_BITS[inode.type] | 0o600, device))
      return true
    } catch (error) {
      if (systemCode(error instanceof ExtractError ? error.cause : error) !== 'EPERM') throw error
      return skip(path, 'only root can make devices')
    }
  }

  function skip(path: ByteString, message: string): false {
    skippedPaths.add(path)
    skipped.push({ path: toDisplay(path), message })
    return false
  }

  function makeHardLink(path: ByteString, first: ByteString): void {
    if (skippedPaths.has(first)) {
      skip(path, `it is a hard link to ${toDisplay(first)}, which was not made`)
      return
    }
    make(path, (diskPath) => linkSync(diskPathOf(first), diskPath))
    counts.hardLinks++
  }

  async function finishDirectory(path: ByteString, inode: ImageDirectory): Promise<void> {
    const set = await target.xattrsOf(inode)
    onDisk(path, (diskPath) => {
      if (owners) lchownSync(diskPath, inode.uid, inode.gid)
      target.setXattrs(path, set)
      chmodSync(diskPath, target.modeOf(inode))
      utimesSync(diskPath, inode.head.mtime, inode.head.mtime)
    })
  }
}

/** The fields of an inode that the columns of a directory contain. */
interface FoundInode {
  readonly type: number
  readonly reference: number
  readonly links: number
  readonly number: number
  readonly size: number
  readonly fragment: number
}

function rowOf(
  { types, references, links, numbers, sizes, fragments }: DirectoryColumns,
  row: number,
): FoundInode {
  return {
    type: types[row]!,
    reference: references[row]!,
    links: links[row]!,
    number: numbers[row]!,
    size: sizes[row]!,
    fragment: fragments[row]!,
  }
}

/** The paths to extract, without those below another one. */
function selection(paths: ExtractOptions['paths']): readonly ByteString[] {
  if (paths === undefined) return ['']
  const names = paths.map((path) =>
    toByteString(path)
      .split('/')
      .filter((name) => name !== '' && name !== '.'),
  )
  const wanted = new Set(names.map((parts) => parts.join('/')))
  const isCovered = (parts: readonly ByteString[]) =>
    parts.some((_, n) => wanted.has(parts.slice(0, n).join('/')))
  return [...new Set(names.filter((parts) => !isCovered(parts)).map((parts) => parts.join('/')))]
}

function notInImage(path: ByteString): ImageError {
  return new ImageError('NOT_IN_IMAGE', `there is no ${toDisplay(path)} in the image`)
}

function countedByName(names: readonly ByteString[]): Record<string, number> {
  const counts = new Map<ByteString, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return Object.fromEntries([...counts].sort().map(([name, count]) => [toDisplay(name), count]))
}

function bytesOf(path: ByteString): Uint8Array {
  return Buffer.from(path, 'latin1')
}

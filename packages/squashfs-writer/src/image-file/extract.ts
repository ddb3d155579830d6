/**
 * Extract: writes what is in an image into a directory.
 *
 * Nothing is written outside of the directory. The reader lets no name pass that is not one (`..`, `a/b`); every directory
 * on the way was made here, or is looked at and is one, not a symlink; a file is always a new one; and symlinks are
 * made when all files are written, so that no path leads through one of them.
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
import { enterTarget, mkdirOrLook } from './target-directory.js'

export interface ExtractOptions {
  /** Paths to extract, with all below, from the image's root. Everything if absent. Symlinks on the way are not followed. */
  readonly paths?: readonly (string | Uint8Array)[]
  /** Whether what is in the directory already is replaced; false if absent. Directories are kept, and filled. */
  readonly overwrite?: boolean
  /**
   * Whether all get the owners that the image says; true for root if absent, false for others. Without them a file keeps
   * neither setuid nor setgid.
   */
  readonly owners?: boolean
  /** Whether extended attributes are set; true if absent. Those that the system refuses are left out and counted. */
  readonly xattrs?: boolean
  /** Stops the work; files written by then stay. */
  readonly signal?: AbortSignal
}

/** Counts of what was written. */
export interface ExtractResult {
  readonly files: number
  readonly directories: number
  readonly symlinks: number
  /** Devices, fifos and sockets. */
  readonly others: number
  /** Names beyond the first of their inodes. */
  readonly hardLinks: number
  /** Bytes of the files, without holes. */
  readonly bytes: number
  /** Devices that the system does not let this user make. */
  readonly skipped: readonly { readonly path: string; readonly message: string }[]
  /** By name: on how many files and directories an xattr was refused. */
  readonly droppedXattrs: Readonly<Record<string, number>>
}

/** Each takes 40 ms to start, and all write through one filesystem. */
const MOST_THREADS = 16
/** After so many directories events have their turn: signals, and what the threads say. Calls here are blocking ones. */
const DIRECTORIES_BETWEEN_EVENTS = 256
/** An image is large when it has so many inodes, or so many bytes of data: threads are started at once. */
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
  const { root, made } = enterTarget(toByteString(directory))
  const settings = { root, overwrite, owners, xattrs }
  const target = extractTarget(image, settings)
  const stopped = () => signal?.throwIfAborted()
  const counts = { directories: 0, symlinks: 0, others: 0, hardLinks: 0 }
  const skipped: { path: string; message: string }[] = []
  const { make, onDisk, placeOf } = target

  /** Directories that are there, made here or looked at; those above come first. */
  const present = new Map<ByteString, ImageDirectory>()
  const firstNames = new Map<number, ByteString>()
  const others: { readonly path: ByteString; readonly reference: number }[] = []
  const moreNames: { readonly path: ByteString; readonly first: ByteString }[] = []
  const notMade = new Set<ByteString>()
  const parts = image.partReader()
  const { inodeCount, inodeTable } = image.superblock
  const threads = startExtractThreads(image, settings, jobRunner(image, parts, target, stopped), {
    cores: Math.min(availableParallelism(), MOST_THREADS),
    isLarge: options.paths === undefined && (inodeCount >= MANY_INODES || inodeTable >= MANY_BYTES),
    signal,
  })
  const files = fileExtraction(image, parts, target, threads)

  try {
    for (const path of selection(options.paths)) await extractPath(path)
    await files.end()
    const inThreads = await threads.end()
    for (const { path, reference } of others) {
      stopped()
      await makeOther(path, await image.at(reference))
    }
    for (const { path, first } of moreNames) makeLink(path, first)
    for (const [path, inode] of [...present].reverse()) {
      if (path !== '' || made) await finishDirectory(path, inode)
    }
    const here = target.takeWritten()
    return {
      ...counts,
      files: inThreads.files + here.files,
      bytes: inThreads.bytes + here.bytes,
      skipped,
      droppedXattrs: countedByName([...inThreads.dropped, ...here.dropped]),
    }
  } finally {
    // Nothing is written any more when the caller learns of an error.
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
      await take(path, { type, reference, links, number: head.number, size, fragment })
      return
    }
    await image.columns(bytesOf(path), { recursive: true }, extractDirectory)
  }

  async function extractDirectory({ path: above, inode, columns }: ColumnsOfDirectory): Promise<void> {
    makeDirectory(above, inode)
    if (present.size % DIRECTORIES_BETWEEN_EVENTS === 0) await new Promise((resolve) => setImmediate(resolve))
    for (let row = 0; row < columns.count; row++) {
      if (columns.types[row] === InodeType.DIRECTORY) continue
      const name = nameAt(columns, row)
      const waiting = take(above === '' ? name : `${above}/${name}`, rowOf(columns, row))
      if (waiting) await waiting
    }
  }

  /** Files are begun at once, all else waits until they are written. */
  function take(path: ByteString, found: FoundInode): void | Promise<void> {
    const { type, reference, links } = found
    stopped()
    if (links > 1) {
      const first = firstNames.get(reference)
      if (first !== undefined) {
        moreNames.push({ path, first })
        return
      }
      firstNames.set(reference, path)
    }
    if (type !== InodeType.FILE) others.push({ path, reference })
    else return files.add({ path, ...found })
  }

  /** Its attributes come last: it may be that nothing can be written into it afterwards. */
  function makeDirectory(path: ByteString, inode: ImageDirectory): void {
    if (present.has(path)) return
    present.set(path, inode)
    if (path === '') return
    make(path, mkdirOrLook)
    counts.directories++
  }

  async function makeOther(path: ByteString, inode: ImageInode): Promise<void> {
    const set = await target.xattrsOf(inode)
    if (inode.type === InodeType.SYMLINK) {
      make(path, (place) => symlinkSync(Buffer.from(inode.target), place))
      counts.symlinks++
    } else if (await makeSpecial(path, inode)) {
      counts.others++
    } else {
      return
    }
    onDisk(path, (place) => {
      if (owners) lchownSync(place, inode.uid, inode.gid)
      target.setXattrs(path, set)
      if (inode.type !== InodeType.SYMLINK) chmodSync(place, target.modeOf(inode))
      lutimesSync(place, inode.head.mtime, inode.head.mtime)
    })
  }

  /** Whether it was made: devices are for root. */
  async function makeSpecial(path: ByteString, inode: ImageInode): Promise<boolean> {
    const calls = await target.calls()
    if (calls === null) return skip(path, 'this system has no call that makes it')
    const device = 'device' in inode ? inode.device : 0
    try {
      make(path, (place) => calls.makeNode(place, FILE_TYPE_BITS[inode.type] | 0o600, device))
      return true
    } catch (error) {
      if (systemCode(error instanceof ExtractError ? error.cause : error) !== 'EPERM') throw error
      return skip(path, 'only root can make devices')
    }
  }

  function skip(path: ByteString, message: string): false {
    notMade.add(path)
    skipped.push({ path: toDisplay(path), message })
    return false
  }

  function makeLink(path: ByteString, first: ByteString): void {
    if (notMade.has(first)) {
      skip(path, `it is a hard link to ${toDisplay(first)}, which was not made`)
      return
    }
    make(path, (place) => linkSync(placeOf(first), place))
    counts.hardLinks++
  }

  async function finishDirectory(path: ByteString, inode: ImageDirectory): Promise<void> {
    const set = await target.xattrsOf(inode)
    onDisk(path, (place) => {
      if (owners) lchownSync(place, inode.uid, inode.gid)
      target.setXattrs(path, set)
      chmodSync(place, target.modeOf(inode))
      utimesSync(place, inode.head.mtime, inode.head.mtime)
    })
  }
}

/** The fields of an inode that are known when its name is found. */
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

/** Paths without those that lie below another one. */
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

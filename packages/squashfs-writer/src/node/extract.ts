/**
 * Extract: writes what is in an image into a directory.
 *
 * Nothing is written outside of the directory. The reader lets no name pass that is not one (`..`, `a/b`); every directory
 * on the way was made here, or is looked at and is one, not a symlink; a file is always a new one; and symlinks are
 * made when all files are written, so that no path leads through one of them.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  realpathSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { availableParallelism } from 'node:os'
import { ExtractError, ImageError } from '../errors.js'
import { InodeType } from '../format/inode.js'
import type { ImageReader } from '../reader/image.js'
import type { ImageDirectory, ImageFile, ImageInode } from '../reader/inode-reader.js'
import { type ByteString, toByteString, toDisplay } from '../tree/byte-string.js'
import type { Xattr } from '../tree/node.js'
import { type ExtractCalls, loadExtractCalls } from './extract-calls.js'

export interface ExtractOptions {
  /** What is extracted, with all below: paths from the image's root. Everything if absent. Symlinks on the way are not followed. */
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
  /** Stops the work; what is written by then stays. */
  readonly signal?: AbortSignal
}

/** What was written. */
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
  /** What the system does not let this user make: devices. */
  readonly skipped: readonly { readonly path: string; readonly message: string }[]
  /** By name: on how many files and directories an xattr was refused. */
  readonly droppedXattrs: Readonly<Record<string, number>>
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0)
/** Files that are written at the same time. */
const FILES_AT_ONCE = 4 * availableParallelism()
/** Errors by which a filesystem or the kernel refuses an xattr: it is left out. */
const XATTR_REFUSED = new Set([
  'EPERM',
  'EACCES',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EINVAL',
  'ENOSPC',
  'E2BIG',
  'ERANGE',
])
const PERMISSIONS = 0o777
const ALL_BITS = 0o7777

/**
 * Extracts an image, or parts of it, into a directory, which is made if it is missing.
 * @param image one that is open.
 * @param directory a symlink to a directory will do.
 * @throws ExtractError when something is in the way or cannot be written; ImageError when the image is damaged, or has no such path; the signal's reason when aborted.
 * @example
 * const image = await openImage('venv.squashfs')
 * await extractImage(image, 'venv')
 */
export async function extractImage(
  image: ImageReader,
  directory: string | Uint8Array,
  options: ExtractOptions = {},
): Promise<ExtractResult> {
  const { signal, overwrite = false, xattrs: wantsXattrs = true } = options
  const owners = options.owners ?? process.geteuid?.() === 0
  signal?.throwIfAborted()
  const { root, made } = enterTarget(toByteString(directory))
  const counts = { files: 0, directories: 0, symlinks: 0, others: 0, hardLinks: 0, bytes: 0 }
  const skipped: { path: string; message: string }[] = []
  const dropped = new Map<ByteString, number>()
  let calls: ExtractCalls | null | undefined

  /** Directories that are there, made here or looked at. */
  const present = new Map<ByteString, { readonly inode: ImageDirectory; readonly isNew: boolean }>()
  const firstNames = new Map<number, ByteString>()
  const later: { readonly path: ByteString; readonly inode: ImageInode }[] = []
  const links: { readonly path: ByteString; readonly first: ByteString }[] = []
  const files = queue(FILES_AT_ONCE)

  for (const path of selection(options.paths)) await extractPath(path)
  await files.end()
  for (const { path, inode } of later) {
    signal?.throwIfAborted()
    await makeOther(path, inode)
  }
  for (const { path, first } of links) makeLink(path, first)
  for (const [path, { inode }] of [...present].reverse()) {
    if (path !== '' || made) await finishDirectory(path, inode)
  }
  return {
    ...counts,
    skipped,
    droppedXattrs: Object.fromEntries([...dropped].map(([name, count]) => [toDisplay(name), count])),
  }

  async function extractPath(path: ByteString): Promise<void> {
    const names = path === '' ? [] : path.split('/')
    for (let n = 0; n < names.length; n++) {
      const above = await image.find(bytesOf(names.slice(0, n).join('/')))
      if (above?.type !== InodeType.DIRECTORY) throw notInImage(path)
      makeDirectory(names.slice(0, n).join('/'), above)
    }
    const inode = await image.find(bytesOf(path))
    if (inode === null) throw notInImage(path)
    if (inode.type !== InodeType.DIRECTORY) return await take(path, inode)
    for await (const { path: above, inode: directory, names } of image.walk(bytesOf(path))) {
      makeDirectory(above, directory)
      for (const { name, inode } of names)
        if (inode.type !== InodeType.DIRECTORY) await take(above === '' ? name : `${above}/${name}`, inode)
    }
  }

  function notInImage(path: ByteString): ImageError {
    return new ImageError('NOT_IN_IMAGE', `there is no ${toDisplay(path)} in the image`)
  }

  /** Files are begun at once, all else waits until they are written. */
  async function take(path: ByteString, inode: ImageInode): Promise<void> {
    signal?.throwIfAborted()
    if (inode.type !== InodeType.DIRECTORY && inode.links > 1) {
      const first = firstNames.get(inode.reference)
      if (first !== undefined) {
        links.push({ path, first })
        return
      }
      firstNames.set(inode.reference, path)
    }
    if (inode.type === InodeType.FILE) await files.add(() => writeFile(path, inode))
    else later.push({ path, inode })
  }

  async function writeFile(path: ByteString, file: ImageFile): Promise<void> {
    const set = wantsXattrs ? await image.xattrs(file) : []
    if (set.length > 0) await loadCalls()
    const descriptor = make(path, (place) => openSync(place, NEW_FILE, 0o600))
    try {
      let end = 0
      for await (const { start, length, bytes } of image.pieces(file)) {
        signal?.throwIfAborted()
        if (bytes === null) continue
        write(path, descriptor, bytes, start)
        end = start + length
        counts.bytes += length
      }
      onDisk(path, () => {
        if (end < file.size) ftruncateSync(descriptor, file.size)
        if (owners) fchownSync(descriptor, file.uid, file.gid)
        setXattrs(path, set)
        fchmodSync(descriptor, modeOf(file))
        futimesSync(descriptor, file.head.mtime, file.head.mtime)
      })
    } finally {
      closeSync(descriptor)
    }
    counts.files++
  }

  function write(path: ByteString, descriptor: number, bytes: Uint8Array, start: number): void {
    for (let at = 0; at < bytes.length; ) {
      const from = at
      at += onDisk(path, () => writeSync(descriptor, bytes, from, bytes.length - from, start + from))
    }
  }

  /** Its attributes come last: it may be that nothing can be written into it afterwards. */
  function makeDirectory(path: ByteString, inode: ImageDirectory): void {
    if (present.has(path)) return
    const isNew = path === '' ? made : make(path, (place) => mkdirOrLook(place))
    present.set(path, { inode, isNew })
    if (path !== '' || made) counts.directories++
  }

  function mkdirOrLook(place: Buffer): boolean {
    try {
      mkdirSync(place, 0o700)
      return true
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || !lstatSync(place).isDirectory()) throw error
      return false
    }
  }

  async function makeOther(path: ByteString, inode: ImageInode): Promise<void> {
    const set = wantsXattrs ? await image.xattrs(inode) : []
    if (set.length > 0) await loadCalls()
    if (inode.type === InodeType.SYMLINK) {
      make(path, (place) => symlinkSync(Buffer.from(inode.target), place))
      counts.symlinks++
    } else if (!(await makeSpecial(path, inode))) {
      return
    } else {
      counts.others++
    }
    onDisk(path, (place) => {
      if (owners) lchownSync(place, inode.uid, inode.gid)
      setXattrs(path, set)
      if (inode.type !== InodeType.SYMLINK) chmodSync(place, modeOf(inode))
      lutimesSync(place, inode.head.mtime, inode.head.mtime)
    })
  }

  /** Whether it was made: devices are for root. */
  async function makeSpecial(path: ByteString, inode: ImageInode): Promise<boolean> {
    const calls = await loadCalls()
    if (calls === null) return skip(path, 'this system has no call that makes it')
    const device = 'device' in inode ? inode.device : 0
    try {
      make(path, (place) => calls.makeNode(place, FILE_TYPES[inode.type] | 0o600, device))
      return true
    } catch (error) {
      const cause = error instanceof ExtractError ? error.cause : error
      if (codeOf(cause) !== 'EPERM') throw error
      return skip(path, 'only root can make devices')
    }
  }

  function skip(path: ByteString, message: string): false {
    skipped.push({ path: toDisplay(path), message })
    return false
  }

  function makeLink(path: ByteString, first: ByteString): void {
    if (skipped.some((one) => one.path === toDisplay(first))) {
      skip(path, `it is a hard link to ${toDisplay(first)}, which was not made`)
      return
    }
    make(path, (place) => linkSync(placeOf(first), place))
    counts.hardLinks++
  }

  async function finishDirectory(path: ByteString, inode: ImageDirectory): Promise<void> {
    const set = wantsXattrs ? await image.xattrs(inode) : []
    if (set.length > 0) await loadCalls()
    onDisk(path, (place) => {
      if (owners) lchownSync(place, inode.uid, inode.gid)
      setXattrs(path, set)
      chmodSync(place, modeOf(inode))
      utimesSync(place, inode.head.mtime, inode.head.mtime)
    })
  }

  function modeOf({ head, type }: ImageInode): number {
    // Whoever extracts a program that is someone else's does not become someone whose rights all may use.
    const keeps = owners || type === InodeType.DIRECTORY ? ALL_BITS : PERMISSIONS
    return head.mode & keeps
  }

  async function loadCalls(): Promise<ExtractCalls | null> {
    calls = calls === undefined ? await loadExtractCalls() : calls
    return calls
  }

  function setXattrs(path: ByteString, set: readonly Xattr[]): void {
    for (const [name, value] of set) {
      try {
        if (calls) calls.setXattr(placeOf(path), name, value)
        else dropped.set(name, (dropped.get(name) ?? 0) + 1)
      } catch (error) {
        if (!XATTR_REFUSED.has(codeOf(error) ?? '')) throw error
        dropped.set(name, (dropped.get(name) ?? 0) + 1)
      }
    }
  }

  /** Makes something new at a path: what is there is in the way, or is replaced. */
  function make<T>(path: ByteString, call: (place: Buffer) => T): T {
    const place = placeOf(path)
    try {
      return call(place)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw extractError(path, error)
    }
    return onDisk(path, () => {
      if (!overwrite)
        throw new ExtractError(display(path), 'it exists; extract into another directory, or overwrite it')
      remove(path, place)
      return call(place)
    })
  }

  function remove(path: ByteString, place: Buffer): void {
    if (!lstatSync(place).isDirectory()) {
      unlinkSync(place)
      return
    }
    if (present.has(path)) throw new ExtractError(display(path), 'it was made from the image, twice')
    try {
      rmdirSync(place)
    } catch (cause) {
      throw new ExtractError(display(path), 'a directory that is not empty is in the way; remove it', cause)
    }
  }

  function onDisk<T>(path: ByteString, call: (place: Buffer) => T): T {
    try {
      return call(placeOf(path))
    } catch (error) {
      throw error instanceof ExtractError ? error : extractError(path, error)
    }
  }

  function extractError(path: ByteString, cause: unknown): unknown {
    if (codeOf(cause) === undefined) return cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    return new ExtractError(display(path), `it cannot be written (${reason})`, cause)
  }

  function placeOf(path: ByteString): Buffer {
    return Buffer.from(path === '' ? root : `${root}/${path}`, 'latin1')
  }

  function display(path: ByteString): string {
    return toDisplay(path === '' ? root : `${root}/${path}`)
  }
}

const FILE_TYPES: Readonly<Record<InodeType, number>> = {
  [InodeType.DIRECTORY]: constants.S_IFDIR,
  [InodeType.FILE]: constants.S_IFREG,
  [InodeType.SYMLINK]: constants.S_IFLNK,
  [InodeType.BLOCK_DEVICE]: constants.S_IFBLK,
  [InodeType.CHARACTER_DEVICE]: constants.S_IFCHR,
  [InodeType.FIFO]: constants.S_IFIFO,
  [InodeType.SOCKET]: constants.S_IFSOCK,
}

/** The directory that everything goes into, with its own symlinks followed, and whether it is new. */
function enterTarget(directory: ByteString): { readonly root: ByteString; readonly made: boolean } {
  const place = Buffer.from(directory, 'latin1')
  let made = false
  try {
    try {
      mkdirSync(place, 0o700)
      made = true
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    const root = realpathSync.native(place, { encoding: 'latin1' })
    if (!lstatSync(Buffer.from(root, 'latin1')).isDirectory())
      throw new ExtractError(toDisplay(directory), 'it is not a directory')
    return { root: root === '/' ? '' : root, made }
  } catch (cause) {
    if (cause instanceof ExtractError || codeOf(cause) === undefined) throw cause
    const reason =
      codeOf(cause) === 'ENOENT' ? 'the directory that it would be in does not exist' : String(cause)
    throw new ExtractError(toDisplay(directory), reason, cause)
  }
}

/** Paths without those that lie below another one. */
function selection(paths: ExtractOptions['paths']): readonly ByteString[] {
  if (paths === undefined) return ['']
  const clean = new Set(
    paths.map((path) =>
      toByteString(path)
        .split('/')
        .filter((name) => name !== '' && name !== '.')
        .join('/'),
    ),
  )
  const covered = (path: ByteString) => {
    for (let cut = path.lastIndexOf('/'); cut >= 0; cut = path.lastIndexOf('/', cut - 1)) {
      if (clean.has(path.slice(0, cut))) return true
      if (cut === 0) break
    }
    return path !== '' && clean.has('')
  }
  return [...clean].filter((path) => !covered(path))
}

function bytesOf(path: ByteString): Uint8Array {
  return Buffer.from(path, 'latin1')
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Work that is under way, a bounded number at a time. The first error ends it. */
function queue(limit: number): { add(work: () => Promise<void>): Promise<void>; end(): Promise<void> } {
  const running = new Set<Promise<void>>()
  let failed: { readonly error: unknown } | undefined
  const end = async () => {
    await Promise.all(running)
    if (failed) throw failed.error
  }
  return {
    end,
    async add(work) {
      if (failed) await end()
      const one: Promise<void> = work()
        .catch((error: unknown) => {
          failed ??= { error }
        })
        .finally(() => running.delete(one))
      running.add(one)
      if (running.size >= limit) await Promise.race(running)
    },
  }
}

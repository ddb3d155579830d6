/** Extract target: creates and writes files in the directory into which an image is extracted. */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  lstatSync,
  openSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { ExtractError, messageOf } from '../errors.js'
import { InodeType, NO_XATTR } from '../format/inode.js'
import type { ImageReader } from '../reader/image.js'
import type { ImageFile, ImageInode } from '../reader/inode-reader.js'
import { runSteps, type Steps, waitFor } from '../reader/steps.js'
import { systemCode, withName } from '../system-error.js'
import { type ByteString, toDisplay } from '../tree/byte-string.js'
import type { Xattr } from '../tree/node.js'
import { type ExtractCalls, loadExtractCalls } from './extract-calls.js'

/** The settings of an extraction, as plain data for the workers. */
export interface TargetSettings {
  /** The path of the directory after symlinks were followed; '' for `/`. */
  readonly root: ByteString
  readonly overwrite: boolean
  readonly owners: boolean
  readonly xattrs: boolean
}

export interface ExtractTarget {
  /** Creates a file and writes its content. Holes are not written. */
  writeFile(path: ByteString, file: ImageFile, content: WriteContent): void | Promise<void>
  /** Writes bytes into an open file, and counts them. */
  write(path: ByteString, descriptor: number, bytes: Uint8Array, start: number): void
  /** Runs a call that creates a file at a path. An existing file is replaced if `overwrite` is set, else it is an error. */
  make<T>(path: ByteString, call: (diskPath: Buffer) => T): T
  /** Runs a call on a path. A system error becomes an ExtractError. */
  onDisk<T>(path: ByteString, call: (diskPath: Buffer) => T): T
  /** The path on disk for a path in the image. */
  diskPathOf(path: ByteString): Buffer
  /** The permission bits that an inode gets. */
  modeOf(inode: ImageInode): number
  /** The xattrs to set on an inode. Also loads the call that sets them. */
  xattrsOf(inode: ImageInode): Promise<readonly Xattr[]>
  setXattrs(path: ByteString, set: readonly Xattr[]): void
  calls(): Promise<ExtractCalls | null>
  /** The counts since the last call. */
  takeWritten(): Written
}

/** Writes the content of a file by calls of `write`, one for each part. Holes are left out. */
export type WriteContent = (
  write: (start: number, bytes: Uint8Array) => void,
  descriptor: number,
) => void | Promise<void>

export interface Written {
  readonly files: number
  readonly bytes: number
  /** Names of the xattrs that were refused, one for each refusal. */
  readonly dropped: readonly ByteString[]
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0)
/** Errors with which a filesystem or the kernel refuses an xattr. The xattr is then left out. */
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
const NEW_FILE_MODE = 0o600
const NONE: readonly Xattr[] = []
const PERMISSIONS = 0o777
const ALL_BITS = 0o7777

export function extractTarget(
  image: Pick<ImageReader, 'xattrs'>,
  { root, overwrite, owners, xattrs }: TargetSettings,
): ExtractTarget {
  let written: { files: number; bytes: number; readonly dropped: ByteString[] } = noneWritten()
  let loaded: ExtractCalls | null | undefined

  function* writeSteps(path: ByteString, file: ImageFile, content: WriteContent): Steps<void> {
    const set = file.head.xattrIndex === NO_XATTR ? NONE : yield* waitFor(xattrsOf(file))
    const descriptor = make(path, (diskPath) => openSync(diskPath, NEW_FILE, NEW_FILE_MODE))
    try {
      let end = 0
      const waiting = content((start, bytes) => {
        write(path, descriptor, bytes, start)
        end = start + bytes.length
      }, descriptor)
      if (waiting) yield waiting
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
    written.files++
  }

  function write(path: ByteString, descriptor: number, bytes: Uint8Array, start: number): void {
    for (let at = 0; at < bytes.length; ) {
      const from = at
      at += onDisk(path, () => writeSync(descriptor, bytes, from, bytes.length - from, start + from))
    }
    written.bytes += bytes.length
  }

  function make<T>(path: ByteString, call: (diskPath: Buffer) => T): T {
    const diskPath = diskPathOf(path)
    try {
      return call(diskPath)
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw extractError(path, error)
    }
    return onDisk(path, () => {
      if (!overwrite)
        throw new ExtractError(display(path), 'it exists; extract into another directory, or overwrite it')
      remove(path, diskPath)
      return call(diskPath)
    })
  }

  function remove(path: ByteString, diskPath: Buffer): void {
    if (!lstatSync(diskPath).isDirectory()) {
      unlinkSync(diskPath)
      return
    }
    try {
      rmdirSync(diskPath)
    } catch (cause) {
      throw new ExtractError(display(path), 'a directory that is not empty is in the way; remove it', cause)
    }
  }

  function onDisk<T>(path: ByteString, call: (diskPath: Buffer) => T): T {
    try {
      return call(diskPathOf(path))
    } catch (error) {
      throw error instanceof ExtractError ? error : extractError(path, error)
    }
  }

  function extractError(path: ByteString, cause: unknown): unknown {
    if (systemCode(cause) === undefined) return cause
    return new ExtractError(display(path), `it cannot be written (${messageOf(withName(cause))})`, cause)
  }

  function diskPathOf(path: ByteString): Buffer {
    return Buffer.from(path === '' ? root || '/' : `${root}/${path}`, 'latin1')
  }

  function display(path: ByteString): string {
    return toDisplay(path === '' ? root || '/' : `${root}/${path}`)
  }

  function modeOf({ head, type }: ImageInode): number {
    // Without owners, a setuid program would belong to this user, and run with this user's rights.
    const kept = owners || type === InodeType.DIRECTORY ? ALL_BITS : PERMISSIONS
    return head.mode & kept
  }

  async function calls(): Promise<ExtractCalls | null> {
    loaded = loaded === undefined ? await loadExtractCalls() : loaded
    return loaded
  }

  async function xattrsOf(inode: ImageInode): Promise<readonly Xattr[]> {
    const set = xattrs ? await image.xattrs(inode) : []
    if (set.length > 0) await calls()
    return set
  }

  function setXattrs(path: ByteString, set: readonly Xattr[]): void {
    for (const [name, value] of set) {
      try {
        if (loaded) loaded.setXattr(diskPathOf(path), name, value)
        else written.dropped.push(name)
      } catch (error) {
        if (!XATTR_REFUSED.has(systemCode(error) ?? '')) throw error
        written.dropped.push(name)
      }
    }
  }

  function takeWritten(): Written {
    const taken = written
    written = noneWritten()
    return taken
  }

  return {
    writeFile: (path, file, content) => runSteps(writeSteps(path, file, content)),
    write,
    make,
    onDisk,
    diskPathOf,
    modeOf,
    xattrsOf,
    setXattrs,
    calls,
    takeWritten,
  }
}

function noneWritten(): { files: number; bytes: number; dropped: ByteString[] } {
  return { files: 0, bytes: 0, dropped: [] }
}

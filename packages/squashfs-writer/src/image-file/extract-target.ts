/** Extract target: the directory that an image is extracted into, and how anything gets there. */
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

/** Settings that are decided before anything is written; plain data, for threads. */
export interface TargetSettings {
  /** The directory, without symlinks; '' for `/`. */
  readonly root: ByteString
  readonly overwrite: boolean
  readonly owners: boolean
  readonly xattrs: boolean
}

export interface ExtractTarget {
  /** Writes a file, as far as it is no hole. */
  writeFile(path: ByteString, file: ImageFile, content: WriteContent): void | Promise<void>
  /** Writes bytes into an open file; they are counted. */
  write(path: ByteString, descriptor: number, bytes: Uint8Array, start: number): void
  /** Makes something new at a path; an existing file is an error, or is replaced. */
  make<T>(path: ByteString, call: (place: Buffer) => T): T
  /** Does something at a path; a refusal by the system becomes an ExtractError. */
  onDisk<T>(path: ByteString, call: (place: Buffer) => T): T
  placeOf(path: ByteString): Buffer
  /** Permission bits that an inode gets. */
  modeOf(inode: ImageInode): number
  /** The xattrs of an inode that are to be set, and what sets them loaded. */
  xattrsOf(inode: ImageInode): Promise<readonly Xattr[]>
  setXattrs(path: ByteString, set: readonly Xattr[]): void
  calls(): Promise<ExtractCalls | null>
  /** Counts of what was written since the last call. */
  takeWritten(): Written
}

/** Has the content of a file written, part by part; holes are left out. */
export type WriteContent = (
  write: (start: number, bytes: Uint8Array) => void,
  descriptor: number,
) => void | Promise<void>

export interface Written {
  readonly files: number
  readonly bytes: number
  /** Names of xattrs that were refused, each as often as it was. */
  readonly dropped: readonly ByteString[]
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0)
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
const NEW_FILE_MODE = 0o600
const NONE: readonly Xattr[] = []
const PERMISSIONS = 0o777
const ALL_BITS = 0o7777

export function extractTarget(
  image: Pick<ImageReader, 'xattrs'>,
  { root, overwrite, owners, xattrs }: TargetSettings,
): ExtractTarget {
  let written: { files: number; bytes: number; readonly dropped: ByteString[] } = nothing()
  let loaded: ExtractCalls | null | undefined

  function* writeSteps(path: ByteString, file: ImageFile, content: WriteContent): Steps<void> {
    const set = file.head.xattrIndex === NO_XATTR ? NONE : yield* waitFor(xattrsOf(file))
    const descriptor = make(path, (place) => openSync(place, NEW_FILE, NEW_FILE_MODE))
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

  function make<T>(path: ByteString, call: (place: Buffer) => T): T {
    const place = placeOf(path)
    try {
      return call(place)
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw extractError(path, error)
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
    if (systemCode(cause) === undefined) return cause
    return new ExtractError(display(path), `it cannot be written (${messageOf(withName(cause))})`, cause)
  }

  function placeOf(path: ByteString): Buffer {
    return Buffer.from(path === '' ? root || '/' : `${root}/${path}`, 'latin1')
  }

  function display(path: ByteString): string {
    return toDisplay(path === '' ? root || '/' : `${root}/${path}`)
  }

  function modeOf({ head, type }: ImageInode): number {
    // A program that is someone else's in the image is the user's here: it must not run with the user's rights.
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
        if (loaded) loaded.setXattr(placeOf(path), name, value)
        else written.dropped.push(name)
      } catch (error) {
        if (!XATTR_REFUSED.has(systemCode(error) ?? '')) throw error
        written.dropped.push(name)
      }
    }
  }

  function takeWritten(): Written {
    const taken = written
    written = nothing()
    return taken
  }

  return {
    writeFile: (path, file, content) => runSteps(writeSteps(path, file, content)),
    write,
    make,
    onDisk,
    placeOf,
    modeOf,
    xattrsOf,
    setXattrs,
    calls,
    takeWritten,
  }
}

function nothing(): { files: number; bytes: number; dropped: ByteString[] } {
  return { files: 0, bytes: 0, dropped: [] }
}

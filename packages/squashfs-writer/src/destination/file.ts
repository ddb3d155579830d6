/** Destination file: writes an image to a temporary file, and renames it when the image is complete. */
import { constants } from 'node:fs'
import {
  access,
  type FileHandle,
  link,
  lstat,
  open,
  realpath,
  rename,
  rm,
  stat,
  unlink,
} from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { DestinationError, messageOf, SquashfsError } from '../errors.js'
import type { Sink } from '../image/output.js'
import { systemCode, withName } from '../system-error.js'
import type { Warning } from '../tree/rules.js'
import { untilAborted } from '../until-aborted.js'
import { type CopyRange, loadCopyRange } from './copy-range.js'
import { accessOf, accessOfNewFile, giveAccess, loadAclCalls } from './file-access.js'
import { type FileIdentity, identityOf } from './identity.js'
import { partialName, removeLeftovers, thisRun } from './partial-file.js'
import { syncDirectory } from './sync-directory.js'
import { loadWriteBack, type WriteBack } from './write-back.js'

/** A destination that was checked before the work begins, so that errors are reported early. */
export interface Destination {
  /** The path as given by the caller, for messages. */
  readonly path: string
  /** The path of the image after symlinks were followed. */
  readonly target: string
  /** Whether an existing file is replaced. */
  readonly replace: boolean
}

/** Called with the path of an existing file before it is replaced. If it throws, the file stays. */
export type BeforeReplace = (path: string) => void | Promise<void>

/**
 * Checks a destination.
 * @throws DestinationError if `path` is a directory or a device, or exists and is not to be replaced, or if its directory does
 * not exist or this user may not write to it.
 */
export async function findDestination(path: string, replace: boolean): Promise<Destination> {
  const target = await resolveTarget(path, replace)
  await guarded(path, () => access(dirname(target), constants.W_OK | constants.X_OK))
  return { path, target, replace }
}

/** The result of writing, with a warning for each refusal of the system that does not prevent the image. */
export interface Written<T> {
  readonly result: T
  /** The identity of the image file; null if another file already has its name. */
  readonly identity: FileIdentity | null
  readonly warnings: readonly Warning[]
}

/**
 * Calls `write` with a sink for a temporary file beside the target, flushes the file to disk, and renames it to the target. A
 * process that has the old image open or mounted continues to read the old one. If anything fails, the temporary file is removed
 * and the target does not change.
 *
 * Only its owner can read the temporary file. When it is complete, it gets the mode, owner, group and ACL of the file that it
 * replaces, or those of a new file in the directory, by its default ACL or the umask.
 *
 * @param offset bytes of zeros before the image.
 * @param signal can abort until the rename, also during a wait for the disk or `beforeReplace`.
 * @throws DestinationError with the system error as its `cause`; the errors of `write`.
 */
export async function writeDestination<T>(
  { path, target, replace }: Destination,
  offset: number,
  beforeReplace: BeforeReplace,
  signal: AbortSignal,
  write: (sink: Sink) => Promise<T>,
): Promise<Written<T>> {
  const [directory, name] = [dirname(target), basename(target)]
  const run = await thisRun()
  await removeLeftovers(directory, name, run)
  const temporary = join(directory, partialName(name, run))
  const warnings: Warning[] = []
  const acls = await loadAclCalls()
  const accessOfTarget = async () => (replace ? accessOf(target, acls) : null)
  const initialAccess = await guarded(
    path,
    async () => (await accessOfTarget()) ?? (await accessOfNewFile(temporary, acls)),
  )
  const file = await guarded(path, () => open(temporary, 'wx', 0o600))
  try {
    const { ino } = await guarded(path, () => file.stat({ bigint: true }))
    const result = await fill(file)
    signal.throwIfAborted()
    if (replace && (await guarded(path, accessOfTarget)))
      await untilAborted(signal, Promise.resolve(beforeReplace(target)))
    await guarded(path, () => (replace ? rename(temporary, target) : renameToNew(temporary, target)))
    await guarded(path, () => syncDirectory(directory))
    const found = await lstat(target, { bigint: true }).catch(() => null) // the image was already removed
    return { result, identity: found?.ino === ino ? identityOf(found) : null, warnings }
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}) // the first error is the one to report
    throw error
  }

  async function fill(handle: FileHandle): Promise<T> {
    let result: T
    try {
      result = await write(fileSink(handle, path, await loadWriteBack(), await loadCopyRange()))
      await guarded(path, () => complete(handle))
    } catch (error) {
      await handle.close().catch(() => {}) // the first error is the one to report
      throw error
    }
    await guarded(path, () => handle.close()) // a network filesystem may report a failed write only now
    return result
  }

  async function complete(handle: FileHandle): Promise<void> {
    const { size } = await handle.stat()
    if (size < offset) await handle.truncate(offset)
    const access = (await accessOfTarget()) ?? initialAccess
    const refused = access ? await giveAccess(handle, access, acls) : []
    for (const message of refused) warnings.push({ code: 'ACCESS_NOT_SET', path, message })
    if (!(await sync(handle)))
      warnings.push({
        code: 'NOT_FLUSHED',
        path,
        message: 'its filesystem cannot flush a file to the disk; after a power failure, verify it',
      })
  }
}

/** @returns whether the filesystem can flush a file. */
async function sync(file: FileHandle): Promise<boolean> {
  try {
    await file.sync()
    return true
  } catch (error) {
    if (['EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'].includes(systemCode(error) ?? '')) return false
    throw error
  }
}

/** Write-back is started each time this many bytes were written. */
const WRITE_BACK_SIZE = 33_554_432

function fileSink(file: FileHandle, path: string, writeBack: WriteBack, copyRange: CopyRange): Sink {
  /** Start of the bytes for which write-back was not started yet. */
  let begin = 0
  /** The last write. A second write at the same time would wait for the inode's lock, in a thread that could compress. */
  let last: Promise<unknown> = Promise.resolve()

  return {
    write: (bytes, position) => inTurn([bytes], position),
    writev: inTurn,
    copy(descriptor, from, length, position) {
      const range = { descriptor, from, length, position }
      // Started without waiting for the last write: the calling thread may be busy for long before it learns of its end.
      const copy = guarded(path, () => copyRange(range, file))
      const before = last
      last = copy.catch(() => {}).then(() => before) // the caller gets the error
      return copy
    },
  }

  function inTurn(pieces: readonly Uint8Array[], position: number): Promise<void> {
    const write = last.then(() => writeAll(pieces, position))
    last = write.catch(() => {}) // the caller gets the error
    return write
  }

  async function writeAll(pieces: readonly Uint8Array[], position: number): Promise<void> {
    if (position - begin >= WRITE_BACK_SIZE) {
      writeBack(file, begin, position - begin)
      begin = position
    }
    let at = position
    for (let left = pieces; left.length > 0; ) {
      const { bytesWritten } = await guarded(path, () => file.writev(left, at))
      at += bytesWritten
      left = remaining(left, bytesWritten)
    }
  }
}

/** The part of the pieces that remains after `bytes` bytes were written. */
function remaining(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let written = bytes
  for (const [n, piece] of pieces.entries()) {
    if (written < piece.length) return [piece.subarray(written), ...pieces.slice(n + 1)]
    written -= piece.length
  }
  return []
}

async function resolveTarget(path: string, replace: boolean): Promise<string> {
  const target = await realpath(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return resolve(path)
    throw destinationError(path, error)
  })
  const found = await stat(target).catch(() => null)
  if (found?.isDirectory())
    throw new DestinationError(path, 'it is a directory; give the name of a file', systemError('EISDIR'))
  if (found && !found.isFile())
    throw new DestinationError(path, 'it is not a regular file, and would be replaced', systemError('EEXIST'))
  if (found && !replace) throw destinationError(path, systemError('EEXIST'))
  return target
}

/** Renames the file, and fails if the target exists. A plain rename would replace a file that was created in the meantime. */
async function renameToNew(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target)
    await unlink(temporary)
  } catch (error) {
    if (systemCode(error) !== 'EPERM' && systemCode(error) !== 'ENOTSUP') throw error
    await rename(temporary, target) // a filesystem without hard links
  }
}

async function guarded<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw error instanceof SquashfsError ? error : destinationError(path, error)
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on its disk; make room or choose another place',
  EDQUOT: 'the disk quota is used up; make room or choose another place',
  EACCES: 'its directory does not let this user write; choose another place',
  EPERM: 'its directory does not let this user write; choose another place',
  EROFS: 'its filesystem is read-only; choose another place',
  ENOENT: 'its directory does not exist; make it first',
  EEXIST: 'it exists already and is not to be replaced',
  ENOTDIR: 'a part of its path is not a directory',
  ENAMETOOLONG: 'its name is too long',
  ESTALE: 'its directory or its disk was taken away from the file server meanwhile; choose another place',
  EFBIG: 'its filesystem does not take files of this size',
}

function destinationError(path: string, error: unknown): DestinationError {
  const cause = withName(error)
  const code = systemCode(cause)
  const message = (code && REMEDIES[code]) ?? messageOf(cause)
  return new DestinationError(path, `the image cannot be written: ${message}`, cause)
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

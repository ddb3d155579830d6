/** Destination: the file that an image becomes. Its name appears only when the image is complete. */

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

/** A destination that was checked before the work began, so that a wrong one is reported early. */
export interface Destination {
  /** As the program gave it, for messages. */
  readonly path: string
  /** Where the image will lie: behind a symlink, if `path` is one. */
  readonly target: string
  /** Whether a file that is there is replaced. */
  readonly replace: boolean
}

/** Called with the path of a file that is about to be replaced; if it throws, the file stays. */
export type BeforeReplace = (path: string) => void | Promise<void>

/**
 * @throws DestinationError when `path` is a directory or a device, or is there and not to be replaced, or when its directory
 * is missing or closed to this user.
 */
export async function findDestination(path: string, replace: boolean): Promise<Destination> {
  const target = await resolveTarget(path, replace)
  await guarded(path, () => access(dirname(target), constants.W_OK | constants.X_OK))
  return { path, target, replace }
}

/** The result of writing, with a warning for each step that the system refused and that is not worth losing an image for. */
export interface Written<T> {
  readonly result: T
  /** The file that was written, as it is under its name; null where another took the name at once. */
  readonly identity: FileIdentity | null
  readonly warnings: readonly Warning[]
}

/**
 * Lets `write` fill a temporary file beside the target, then puts it in the target's place: flushed to the disk, by one rename,
 * so that a process that has the old image open or mounted goes on reading the old one. If anything fails the temporary file is
 * removed, and what was there stays.
 *
 * Until it is complete its owner alone may read it. Then it gets mode, owner, group and ACL of the file that it replaces, or
 * those that the directory gives a new file, by its default ACL or the umask.
 *
 * @param offset bytes of zeros before the image.
 * @param signal heeded until the image takes its place, also while the disk or `beforeReplace` is waited for.
 * @throws DestinationError when the system refuses, with its error as `cause`; whatever `write` throws.
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
  const replaced = async () => (replace ? accessOf(target, acls) : null)
  const atFirst = await guarded(
    path,
    async () => (await replaced()) ?? (await accessOfNewFile(temporary, acls)),
  )
  const file = await guarded(path, () => open(temporary, 'wx', 0o600))
  try {
    const { ino } = await guarded(path, () => file.stat({ bigint: true }))
    const result = await fill(file)
    signal.throwIfAborted()
    if (replace && (await guarded(path, replaced)))
      await untilAborted(signal, Promise.resolve(beforeReplace(target)))
    await guarded(path, () => (replace ? rename(temporary, target) : appear(temporary, target)))
    await guarded(path, () => syncDirectory(directory))
    const found = await lstat(target, { bigint: true }).catch(() => null) // somebody has removed it already
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
    const access = (await replaced()) ?? atFirst
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

/** @returns whether the filesystem knows how to flush a file. */
async function sync(file: FileHandle): Promise<boolean> {
  try {
    await file.sync()
    return true
  } catch (error) {
    if (['EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'].includes(systemCode(error) ?? '')) return false
    throw error
  }
}

/** Bytes after which write-back is started. */
const WRITE_BACK_SIZE = 33_554_432

function fileSink(file: FileHandle, path: string, writeBack: WriteBack, copyRange: CopyRange): Sink {
  /** Where the bytes begin for which no write-back was started. */
  let begin = 0
  /** The last write. Two at a time would wait for the file's lock, in a thread that could compress meanwhile. */
  let last: Promise<unknown> = Promise.resolve()

  return {
    write: (bytes, position) => inTurn([bytes], position),
    writev: inTurn,
    copy(descriptor, from, length, position) {
      const range = { descriptor, from, length, position }
      // Begun at once: the calling thread may be at work for long before it hears that the last write is done.
      const copy = guarded(path, () => copyRange(range, file))
      const before = last
      last = copy.catch(() => {}).then(() => before) // thrown where it is waited for
      return copy
    },
  }

  function inTurn(pieces: readonly Uint8Array[], position: number): Promise<void> {
    const write = last.then(() => writeAll(pieces, position))
    last = write.catch(() => {}) // thrown where it is waited for
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
      left = without(left, bytesWritten)
    }
  }
}

/** The rest of pieces of which so many bytes are written. */
function without(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
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

/** Gives the file its name only if nobody else has taken it meanwhile, which a rename would not notice. */
async function appear(temporary: string, target: string): Promise<void> {
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

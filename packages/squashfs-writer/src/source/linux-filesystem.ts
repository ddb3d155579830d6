/**
 * libc: the source calls on Linux. Node does not have them all (extended attributes, holes), a status costs half as much
 * without the objects that Node makes of it, and a file is opened for half the cost in a folder that is open.
 */
import { closeSync, constants, openSync, readdirSync, readlinkSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import koffi from 'koffi'
import { nameOfErrno } from '../system-error.js'
import type { ByteString } from '../tree/byte-string.js'
import type { Identity, Xattr } from '../tree/node.js'
import type { SourceCalls, SourceFolder, Status } from './filesystem.js'

/** Room for a list of names or a value: Linux' own limits (XATTR_LIST_MAX, XATTR_SIZE_MAX). */
const XATTR_ROOM = 65_536
/** Bytes of a path that the kernel takes, with the zero at its end (PATH_MAX). */
const PATH_ROOM = 4096
/** How often a list or value that changes between two calls is asked for again. */
const RETRIES = 5

const SEEK_DATA = 3
const SEEK_HOLE = 4
/** Not among Node's constants; the same on all that Node runs on (asm-generic/fcntl.h). */
const O_PATH = 0o10000000
const OPEN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
/** Not among Node's constants; the same on all that Node runs on. */
const O_CLOEXEC = 0o2000000
const OPEN_FOLDER = O_PATH | constants.O_DIRECTORY
const AT_SYMLINK_NOFOLLOW = 0x100
const AT_EMPTY_PATH = 0x1000
const STATX_BASIC_STATS = 0x7ff
/** Where fields lie in `struct statx` (linux/stat.h), the same on every architecture. */
const STATX = {
  links: 16,
  uid: 20,
  gid: 24,
  mode: 28,
  inode: 32,
  size: 40,
  blocks: 48,
  ctime: 96,
  mtime: 112,
  rdevMajor: 128,
  rdevMinor: 132,
  deviceMajor: 136,
  deviceMinor: 140,
} as const
const STATX_ROOM = 256
/** Where an identity's words of four bytes lie, in the sequence of `identity.ts`: without what comes and goes (links, blocks, atime). */
const IDENTITY_WORDS = [
  ...wordsFrom(STATX.inode, STATX.blocks),
  ...wordsFrom(STATX.ctime, STATX.rdevMajor), // and mtime
  ...wordsFrom(STATX.uid, STATX.inode), // and gid, mode
  ...wordsFrom(STATX.rdevMajor, STATX.deviceMinor + 4),
]

const { EINTR, ENODATA, ENOTSUP, EOPNOTSUPP, ENOSYS, ERANGE, ENXIO, EINVAL } = koffi.os.errno as Record<
  string,
  number
>

/** A libc call that failed, with the code and the words that Node has for it. */
class SystemError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

/** What functions are looked up in. */
export type Libc = Pick<ReturnType<typeof koffi.load>, 'func'>

type Statx = (at: number, path: Buffer, flags: number, mask: number, found: Buffer) => number

/** The system call's number, by what Node calls the architecture. */
const STATX_NUMBER: Readonly<Record<string, number>> = { x64: 332, arm64: 291 }

/** glibc has the function from 2.28 on; with an older one the system call is made by its number. */
function statxOf(libc: Libc): Statx {
  const parameters = 'int at, const void *path, int flags, unsigned int mask, void *found'
  try {
    return libc.func(`int statx(${parameters})`)
  } catch (error) {
    const number = STATX_NUMBER[process.arch]
    if (number === undefined) throw error
    const syscall = libc.func(`long syscall(long number, ${parameters})`)
    return (...args) => Number(syscall(number, ...args))
  }
}

/** The calls for extended attributes, of a file by its path or by its descriptor. */
interface XattrCalls<F> {
  readonly list: (file: F, list: Buffer, size: number) => number | bigint
  readonly get: (file: F, name: Buffer, value: Buffer, size: number) => number | bigint
}

export function libcCalls(libc: Libc = koffi.load(null)): SourceCalls {
  const statx = statxOf(libc)
  const xattrsByPath: XattrCalls<Buffer> = {
    list: libc.func('int64_t llistxattr(const void *path, void *list, size_t size)'),
    get: libc.func('int64_t lgetxattr(const void *path, const void *name, void *value, size_t size)'),
  }
  const xattrsByDescriptor: XattrCalls<number> = {
    list: libc.func('int64_t flistxattr(int fd, void *list, size_t size)'),
    get: libc.func('int64_t fgetxattr(int fd, const void *name, void *value, size_t size)'),
  }
  const openat = libc.func('int openat(int folder, const void *name, int flags)')
  const lseek = libc.func('int64_t lseek(int fd, int64_t offset, int whence)')

  const room = Buffer.alloc(XATTR_ROOM)
  const pathRoom = Buffer.alloc(PATH_ROOM)
  const noPath = Buffer.alloc(1)
  const status = Buffer.alloc(STATX_ROOM)
  const identity = Buffer.alloc(IDENTITY_WORDS.length * 4)
  const statusView = new DataView(status.buffer, status.byteOffset, STATX_ROOM)
  const identityView = new DataView(identity.buffer, identity.byteOffset, identity.length)
  const u32 = (at: number) => statusView.getUint32(at, true)
  const u64 = (at: number) => u32(at) + u32(at + 4) * 2 ** 32

  /** A path's bytes with a zero at their end; good until the next call. */
  function zeroEnded(path: ByteString): Buffer {
    pathRoom[pathRoom.write(path, 'latin1')] = 0
    return pathRoom
  }

  function look(at: number, path: Buffer, flags: number): void {
    if (statx(at, path, flags, STATX_BASIC_STATS, status) !== 0) throw systemError(koffi.errno())
  }

  function identityFound(): Identity {
    for (let n = 0; n < IDENTITY_WORDS.length; n++)
      identityView.setUint32(n * 4, statusView.getUint32(IDENTITY_WORDS[n]!))
    return identity.toString('latin1')
  }

  function readXattr<F>({ get }: XattrCalls<F>, file: F, name: ByteString): Uint8Array | null {
    const key = Buffer.from(`${name}\0`, 'latin1')
    let errno = 0
    for (let n = 0; n < RETRIES; n++) {
      const length = Number(get(file, key, room, XATTR_ROOM))
      if (length >= 0) return new Uint8Array(room.subarray(0, length))
      errno = koffi.errno()
      if (errno === ENODATA || errno === ENOTSUP || errno === EOPNOTSUPP) return null
      if (errno !== ERANGE) break
    }
    throw systemError(errno)
  }

  function statusOf(folder: number, name: ByteString): Status {
    look(folder, zeroEnded(name), AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)
    return {
      mode: statusView.getUint16(STATX.mode, true),
      uid: u32(STATX.uid),
      gid: u32(STATX.gid),
      links: u32(STATX.links),
      size: u64(STATX.size),
      blocks: u64(STATX.blocks),
      mtime: u32(STATX.mtime) + statusView.getInt32(STATX.mtime + 4, true) * 2 ** 32,
      device: u32(STATX.deviceMajor) * 2 ** 32 + u32(STATX.deviceMinor),
      major: u32(STATX.rdevMajor),
      minor: u32(STATX.rdevMinor),
      identity: identityFound(),
    }
  }

  function xattrsOf<F>(calls: XattrCalls<F>, file: F, wanted: (name: ByteString) => boolean): Xattr[] {
    const length = Number(calls.list(file, room, XATTR_ROOM))
    if (length === 0) return []
    if (length < 0) {
      const errno = koffi.errno()
      if (errno === ENOTSUP || errno === EOPNOTSUPP || errno === ENOSYS) return []
      throw systemError(errno)
    }
    const names = room.toString('latin1', 0, length).split('\0').slice(0, -1)
    const found: Xattr[] = []
    for (const name of names) {
      const value = wanted(name) ? readXattr(calls, file, name) : new Uint8Array(0)
      if (value) found.push([name, value])
    }
    return found
  }

  function openIn(folder: number, name: ByteString): number {
    const zeroEndedName = zeroEnded(name)
    for (;;) {
      const descriptor = openat(folder, zeroEndedName, OPEN_FILE | O_CLOEXEC)
      if (descriptor >= 0) return descriptor
      if (koffi.errno() !== EINTR) throw systemError(koffi.errno())
    }
  }

  function enter(path: ByteString, follow: boolean): SourceFolder {
    const folder = openFolder(path, follow)
    const here = `/proc/self/fd/${folder}`
    const at = (name: ByteString) => forNode(`${here}/${name}`)
    return {
      names: () => readdirSync(here, { encoding: 'latin1' }),
      status: (name) => statusOf(folder, name),
      target: (name) => readlinkSync(at(name), { encoding: 'latin1' }),
      // Another thread may be ended between two lines; then Node closes what it opened itself.
      open: (name) => (isMainThread ? openIn(folder, name) : openSync(at(name), OPEN_FILE)),
      xattrs: (name, wanted) => xattrsOf(xattrsByPath, zeroEnded(`${here}/${name}`), wanted),
      xattr: (name, attribute) => readXattr(xattrsByPath, zeroEnded(`${here}/${name}`), attribute),
      close: () => closeSync(folder),
    }
  }

  return {
    enter,
    close: closeSync,
    xattrs: (descriptor, wanted) => xattrsOf(xattrsByDescriptor, descriptor, wanted),
    identity(descriptor) {
      look(descriptor, noPath, AT_EMPTY_PATH)
      return identityFound()
    },
    extents(descriptor, size) {
      const extents: number[] = []
      for (let at = 0; at < size; ) {
        const start = Number(lseek(descriptor, at, SEEK_DATA))
        if (start < 0) {
          const errno = koffi.errno()
          if (errno === ENXIO) break // nothing but a hole from here on
          if (errno === EINVAL) return [0, size]
          throw systemError(errno)
        }
        const end = Number(lseek(descriptor, start, SEEK_HOLE))
        if (end < 0) throw systemError(koffi.errno())
        extents.push(start, Math.min(end, size))
        at = end
      }
      return extents
    },
  }
}

function wordsFrom(start: number, end: number): number[] {
  return Array.from({ length: (end - start) / 4 }, (_, n) => start + n * 4)
}

/** Opens a folder only to have it; the beginnings of a path that is too long for the kernel are opened one by one. */
function openFolder(path: ByteString, follow: boolean): number {
  const flags = OPEN_FOLDER | (follow ? 0 : constants.O_NOFOLLOW)
  if (path.length < PATH_ROOM) return openSync(forNode(path), flags)
  const cut = path.lastIndexOf('/', PATH_ROOM - 1)
  const beginning = openSync(forNode(path.slice(0, cut)), OPEN_FOLDER)
  try {
    return openFolder(`/proc/self/fd/${beginning}${path.slice(cut)}`, follow)
  } finally {
    closeSync(beginning)
  }
}

/** What Node takes for a byte string; text costs it less than bytes. */
function forNode(path: ByteString): string | Buffer {
  return Buffer.byteLength(path) === path.length ? path : Buffer.from(path, 'latin1')
}

function systemError(errno: number): SystemError {
  const { code, words } = nameOfErrno(errno)
  return new SystemError(code, words)
}

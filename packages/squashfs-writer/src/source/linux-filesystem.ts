/** Linux filesystem: the source calls on Linux. They use Node where it has the call, else libc. */
import { closeSync, constants, openSync, readdirSync, readlinkSync } from 'node:fs'
import type { ByteString } from '../tree/byte-string.js'
import type { SourceCalls, SourceDirectory } from './filesystem.js'
import { errnos, type Libc, lastErrno, loadLibc, systemError } from './libc.js'
import { Xattrs } from './linux-xattrs.js'
import { Statx } from './statx.js'

/** Maximum length of a path for the kernel, including the NUL (PATH_MAX). */
const PATH_MAX = 4096

const SEEK_DATA = 3
const SEEK_HOLE = 4
/** Not among Node's constants. It is the same on all architectures of Node (asm-generic/fcntl.h). */
const O_PATH = 0o10000000
const OPEN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const OPEN_DIRECTORY = O_PATH | constants.O_DIRECTORY

const { ENXIO, EINVAL } = errnos

export function linuxCalls(libc: Libc = loadLibc()): SourceCalls {
  const statx = new Statx(libc)
  const xattrsByPath = Xattrs.byPath(libc)
  const xattrsByDescriptor = Xattrs.byDescriptor(libc)
  const lseek = libc.func('int64_t lseek(int fd, int64_t offset, int whence)')
  const pathBuffer = Buffer.alloc(PATH_MAX)

  /** The bytes of a path with a NUL at the end. They are valid until the next call. */
  function nulTerminated(path: ByteString): Buffer {
    pathBuffer[pathBuffer.write(path, 'latin1')] = 0
    return pathBuffer
  }

  function enter(path: ByteString, follow: boolean): SourceDirectory {
    const directory = openDirectory(path, follow)
    const here = `/proc/self/fd/${directory}`
    const at = (name: ByteString) => forNode(`${here}/${name}`)
    return {
      names: () => readdirSync(here, { encoding: 'latin1' }),
      status: (name) => statx.status(directory, nulTerminated(name)),
      target: (name) => readlinkSync(at(name), { encoding: 'latin1' }),
      open: (name) => openSync(at(name), OPEN_FILE),
      enter: (name, followName) => enter(`${here}/${name}`, followName),
      xattrs: (name, wanted) => xattrsByPath.all(nulTerminated(`${here}/${name}`), wanted),
      xattr: (name, attribute) => xattrsByPath.value(nulTerminated(`${here}/${name}`), attribute),
      close: () => closeSync(directory),
    }
  }

  return {
    enter,
    close: closeSync,
    identity: (descriptor) => statx.identity(descriptor),
    xattrs: (descriptor, wanted) => xattrsByDescriptor.all(descriptor, wanted),
    extents: (descriptor, size) => extentsOf(lseek, descriptor, size),
  }
}

type Lseek = (descriptor: number, offset: number, whence: number) => number | bigint

function extentsOf(lseek: Lseek, descriptor: number, size: number): number[] {
  const extents: number[] = []
  for (let at = 0; at < size; ) {
    const start = Number(lseek(descriptor, at, SEEK_DATA))
    if (start < 0) {
      const errno = lastErrno()
      if (errno === ENXIO) break // the rest is a hole
      if (errno === EINVAL) return [0, size]
      throw systemError(errno)
    }
    const end = Number(lseek(descriptor, start, SEEK_HOLE))
    if (end < 0) throw systemError(lastErrno())
    extents.push(start, Math.min(end, size))
    at = end
  }
  return extents
}

/** Opens a directory with O_PATH. A path that is too long for the kernel is opened in parts. */
function openDirectory(path: ByteString, follow: boolean): number {
  const flags = OPEN_DIRECTORY | (follow ? 0 : constants.O_NOFOLLOW)
  if (path.length < PATH_MAX) return openSync(forNode(path), flags)
  const cut = path.lastIndexOf('/', PATH_MAX - 1)
  const beginning = openSync(forNode(path.slice(0, cut)), OPEN_DIRECTORY)
  try {
    return openDirectory(`/proc/self/fd/${beginning}${path.slice(cut)}`, follow)
  } finally {
    closeSync(beginning)
  }
}

/** A path for Node, as text if possible: Node handles text faster than bytes. */
function forNode(path: ByteString): string | Buffer {
  return Buffer.byteLength(path) === path.length ? path : Buffer.from(path, 'latin1')
}

/** libc: the calls that Node does not have: extended attributes without following symlinks, and where a file has holes. */
import koffi from 'koffi'
import type { ByteString } from '../tree/byte-string.js'

/** Room for a list of names or a value: Linux' own limits (XATTR_LIST_MAX, XATTR_SIZE_MAX). */
const XATTR_ROOM = 65_536
const SEEK_DATA = 3
const SEEK_HOLE = 4
/** How often a list or value that changes between two calls is asked for again. */
const RETRIES = 5

const { ENODATA, ENOTSUP, EOPNOTSUPP, ENOSYS, ERANGE, ENXIO, EINVAL } = koffi.os.errno as Record<
  string,
  number
>

const libc = koffi.load(null)
const llistxattr = libc.func('int64_t llistxattr(const void *path, void *list, size_t size)')
const lgetxattr = libc.func('int64_t lgetxattr(const void *path, const void *name, void *value, size_t size)')
const lseek = libc.func('int64_t lseek(int fd, int64_t offset, int whence)')
const room = Buffer.alloc(XATTR_ROOM)

/** A libc call that failed, with the code that Node would give. */
class SystemError extends Error {
  constructor(
    readonly code: string,
    call: string,
  ) {
    super(`${code}: ${call} failed`)
  }
}

/**
 * The extended attributes of a path itself, symlink or not, except those whose names `wanted` refuses: these come with
 * an empty value. A filesystem without xattrs has none.
 */
export function readXattrs(
  file: ByteString,
  wanted: (name: ByteString) => boolean,
): [ByteString, Uint8Array][] {
  const path = Buffer.from(`${file}\0`, 'latin1')
  const length = Number(llistxattr(path, room, XATTR_ROOM))
  if (length < 0) {
    const errno = koffi.errno()
    if (errno === ENOTSUP || errno === EOPNOTSUPP || errno === ENOSYS) return []
    throw systemError(errno, 'llistxattr')
  }
  if (length === 0) return []
  const names = room.toString('latin1', 0, length).split('\0').slice(0, -1)
  const found: [string, Uint8Array][] = []
  for (const name of names) {
    const value = wanted(name) ? readXattr(path, name) : new Uint8Array(0)
    if (value) found.push([name, value])
  }
  return found
}

/** A value; null when the name is gone since it was listed. */
function readXattr(path: Buffer, name: string): Uint8Array | null {
  const key = Buffer.from(`${name}\0`, 'latin1')
  let errno = 0
  for (let n = 0; n < RETRIES; n++) {
    const length = Number(lgetxattr(path, key, room, XATTR_ROOM))
    if (length >= 0) return new Uint8Array(room.subarray(0, length))
    errno = koffi.errno()
    if (errno === ENODATA || errno === ENOTSUP || errno === EOPNOTSUPP) return null
    if (errno !== ERANGE) break
  }
  throw systemError(errno, `lgetxattr ${name}`)
}

/**
 * Where an open file has data, as [start, end, start, end, ...] in ascending order; the rest, up to `size`, is holes.
 * A filesystem that cannot tell has data everywhere.
 */
export function dataExtents(descriptor: number, size: number): number[] {
  const extents: number[] = []
  for (let at = 0; at < size; ) {
    const start = Number(lseek(descriptor, at, SEEK_DATA))
    if (start < 0) {
      const errno = koffi.errno()
      if (errno === ENXIO) break // nothing but a hole from here on
      if (errno === EINVAL) return [0, size]
      throw systemError(errno, 'lseek')
    }
    const end = Number(lseek(descriptor, start, SEEK_HOLE))
    if (end < 0) throw systemError(koffi.errno(), 'lseek')
    extents.push(start, Math.min(end, size))
    at = end
  }
  return extents
}

function systemError(errno: number, call: string): SystemError {
  const code = Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0]
  return new SystemError(code ?? `errno ${errno}`, call)
}

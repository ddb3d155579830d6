/** Linux xattrs: reads extended attributes, for which Node has no call. */
import type { ByteString } from '../tree/byte-string.js'
import type { Xattr } from '../tree/node.js'
import { errnos, type Libc, lastErrno, systemError } from './libc.js'

/** Maximum size of a list of names and of a value on Linux (XATTR_LIST_MAX, XATTR_SIZE_MAX). */
const MAX_SIZE = 65_536
/** Maximum number of attempts to read a value that changes. */
const RETRIES = 5

const { ENODATA, ENOTSUP, EOPNOTSUPP, ENOSYS, ERANGE } = errnos

interface Calls<F> {
  readonly list: (file: F, list: Uint8Array, size: number) => number | bigint
  readonly get: (file: F, name: Uint8Array, value: Uint8Array, size: number) => number | bigint
}

/** Reads the xattrs of files, which are given as `F`: a NUL-terminated path, or a descriptor. */
export class Xattrs<F> {
  readonly #calls: Calls<F>
  readonly #buffer = Buffer.alloc(MAX_SIZE)

  private constructor(calls: Calls<F>) {
    this.#calls = calls
  }

  static byPath(libc: Libc): Xattrs<Uint8Array> {
    return new Xattrs({
      list: libc.func('int64_t llistxattr(const void *path, void *list, size_t size)'),
      get: libc.func('int64_t lgetxattr(const void *path, const void *name, void *value, size_t size)'),
    })
  }

  static byDescriptor(libc: Libc): Xattrs<number> {
    return new Xattrs({
      list: libc.func('int64_t flistxattr(int fd, void *list, size_t size)'),
      get: libc.func('int64_t fgetxattr(int fd, const void *name, void *value, size_t size)'),
    })
  }

  /** All xattrs of a file. The value is empty if `wanted` refuses the name. */
  all(file: F, wanted: (name: ByteString) => boolean): Xattr[] {
    const length = Number(this.#calls.list(file, this.#buffer, MAX_SIZE))
    if (length === 0) return []
    if (length < 0) {
      const errno = lastErrno()
      if (errno === ENOTSUP || errno === EOPNOTSUPP || errno === ENOSYS) return []
      throw systemError(errno)
    }
    const names = this.#buffer.toString('latin1', 0, length).split('\0').slice(0, -1)
    const found: Xattr[] = []
    for (const name of names) {
      const value = wanted(name) ? this.value(file, name) : new Uint8Array(0)
      if (value) found.push([name, value])
    }
    return found
  }

  /** The value of an xattr of a file; null if there is none. */
  value(file: F, name: ByteString): Uint8Array | null {
    const key = Buffer.from(`${name}\0`, 'latin1')
    let errno = 0
    for (let n = 0; n < RETRIES; n++) {
      const length = Number(this.#calls.get(file, key, this.#buffer, MAX_SIZE))
      if (length >= 0) return new Uint8Array(this.#buffer.subarray(0, length))
      errno = lastErrno()
      if (errno === ENODATA || errno === ENOTSUP || errno === EOPNOTSUPP) return null
      if (errno !== ERANGE) break
    }
    throw systemError(errno)
  }
}

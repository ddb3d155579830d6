/** Extract calls: system calls that extraction needs and Node does not have, for xattrs, devices, fifos and sockets. */
import { getSystemErrorMap } from 'node:util'
import type { ByteString } from '../tree/byte-string.js'

/** A call that fails throws an Error with the `code` of the system error. */
export interface ExtractCalls {
  /** Sets an xattr. A symlink is not followed. */
  setXattr(path: Buffer, name: ByteString, value: Uint8Array): void
  /**
   * Creates a device, fifo or socket.
   * @param mode the file type and permission bits, as in `st_mode`.
   * @param device the device number as squashfs and the kernel encode it; 0 for a fifo or socket.
   */
  makeNode(path: Buffer, mode: number, device: number): void
}

/** The system call number of mknodat. glibc before 2.33 has no function for it. */
const MKNODAT: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: 259, arm64: 33 }
const AT_FDCWD = -100

/** @returns null if the calls are not available: they need Linux on x64 or arm64. */
export async function loadExtractCalls(): Promise<ExtractCalls | null> {
  const mknodat = MKNODAT[process.arch]
  if (process.platform !== 'linux' || mknodat === undefined) return null
  const { default: koffi } = await import('koffi')
  const libc = koffi.load(null)
  const lsetxattr = libc.func(
    'int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)',
  )
  const syscall = libc.func(
    'int64_t syscall(int64_t number, int64_t at, const void *path, uint64_t mode, uint64_t device)',
  )
  const check = (result: number | bigint) => {
    if (Number(result) >= 0) return
    const errno = koffi.errno()
    const [code, message] = getSystemErrorMap().get(-errno) ?? [`E${errno}`, `system error ${errno}`]
    throw Object.assign(new Error(`${code}: ${message}`), { code })
  }
  return {
    setXattr: (path, name, value) =>
      check(
        lsetxattr(nulTerminated(path), nulTerminated(Buffer.from(name, 'latin1')), value, value.length, 0),
      ),
    makeNode: (path, mode, device) => check(syscall(mknodat, AT_FDCWD, nulTerminated(path), mode, device)),
  }
}

function nulTerminated(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(1)])
}

/** Extract calls: what Node has no calls for when a tree is written: extended attributes, devices, fifos and sockets. */
import { getSystemErrorMap } from 'node:util'
import type { ByteString } from '../tree/byte-string.js'

/** Calls that fail throw an Error with the system's `code`. */
export interface ExtractCalls {
  /** Of what lies at the path itself: a symlink is not followed. */
  setXattr(path: Buffer, name: ByteString, value: Uint8Array): void
  /**
   * @param mode the file type and permission bits, as in `st_mode`.
   * @param device as squashfs and the kernel encode it; 0 for what is no device.
   */
  makeNode(path: Buffer, mode: number, device: number): void
}

/** The number of mknodat; glibc before 2.33 has no function for it. */
const MKNODAT: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: 259, arm64: 33 }
const AT_FDCWD = -100

/** @returns null where there are no such calls: elsewhere than on Linux. */
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
      check(lsetxattr(zeroEnded(path), zeroEnded(Buffer.from(name, 'latin1')), value, value.length, 0)),
    makeNode: (path, mode, device) => check(syscall(mknodat, AT_FDCWD, zeroEnded(path), mode, device)),
  }
}

function zeroEnded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(1)])
}

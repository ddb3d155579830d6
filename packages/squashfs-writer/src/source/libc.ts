/** libc: calls the C library through koffi, where Node has no call or a slow one. */
import koffi from 'koffi'
import { nameOfErrno } from '../system-error.js'

/** The library that has the functions. */
export type Libc = Pick<ReturnType<typeof koffi.load>, 'func'>

/** Loads the libc of the process. */
export function loadLibc(): Libc {
  return koffi.load(null)
}

/** Error numbers by name. */
export const errnos = koffi.os.errno as Readonly<Record<string, number>>

/** The error number of the last call, if it failed. */
export function lastErrno(): number {
  return koffi.errno()
}

/** The error of a libc call, with the code and description of Node. */
class SystemError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

export function systemError(errno: number): Error {
  const { code, words } = nameOfErrno(errno)
  return new SystemError(code, words)
}

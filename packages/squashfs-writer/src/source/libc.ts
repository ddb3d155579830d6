/** libc: the system's own calls, through koffi, where Node has none or a dear one. */
import koffi from 'koffi'
import { nameOfErrno } from '../system-error.js'

/** The library in which functions are looked up. */
export type Libc = Pick<ReturnType<typeof koffi.load>, 'func'>

/** The process's own libc. */
export function loadLibc(): Libc {
  return koffi.load(null)
}

/** Numbers of errors, by their names. */
export const errnos = koffi.os.errno as Readonly<Record<string, number>>

/** The number of the error with which the last call failed. */
export function lastErrno(): number {
  return koffi.errno()
}

/** A libc call that failed, with the code and the words that Node has for it. */
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

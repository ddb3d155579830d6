/**
 * System error: the name of an error of the operating system.
 *
 * Node has names for the errors that libuv knows, and calls the rest "Unknown system error -122". These are named by their
 * number here.
 */
import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/** How Node begins the code and the message of an error that libuv has no name for; the number follows. */
export const UNNAMED = 'Unknown system error -'

/** Words for errors that writers of images meet and libuv has none for. */
const WORDS: Readonly<Record<string, string>> = {
  EDQUOT: 'disk quota exceeded',
  ESTALE: 'stale file handle',
}

/**
 * The name and the words of a system error. Of two names for one number the first of Node's list is the usual one.
 * @param errno its number, positive, as the C library gives it.
 */
export function nameOfErrno(errno: number): { readonly code: string; readonly words: string } {
  const known = getSystemErrorMap().get(-errno)
  if (known) return { code: known[0], words: known[1] }
  const code = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `ERRNO${errno}`
  return { code, words: WORDS[code] ?? `system error ${errno}` }
}

/** The name for an error's code as Node gives it: the code itself, unless that only has the number. */
export function namedCode(code: string): string {
  return code.startsWith(UNNAMED) ? nameOfErrno(Number(code.slice(UNNAMED.length))).code : code
}

/**
 * The same value where Node has a name for the error, and where it is no system error. Otherwise an error with the name as its
 * `code`, and Node's own error as its `cause`.
 */
export function withName(error: unknown): unknown {
  if (!isSystemError(error) || !error.code.startsWith(UNNAMED)) return error
  const { code, words } = nameOfErrno(Math.abs(error.errno))
  const call = typeof error.syscall === 'string' ? `, ${error.syscall}` : ''
  return Object.assign(new Error(`${code}: ${words}${call}`, { cause: error }), { code, errno: error.errno })
}

/** The name of a system error (`ENOSPC`, `EDQUOT`, ...); undefined for any other value. */
export function systemCode(error: unknown): string | undefined {
  const named = withName(error)
  return named instanceof Error && 'code' in named && typeof named.code === 'string' ? named.code : undefined
}

function isSystemError(error: unknown): error is Error & { code: string; errno: number; syscall?: unknown } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    'errno' in error &&
    typeof error.errno === 'number'
  )
}

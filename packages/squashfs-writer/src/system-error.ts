/**
 * System error: names errors of the operating system.
 *
 * Node has names for the errors that libuv knows. It calls all others "Unknown system error -122"; this file names them by their
 * number.
 */
import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/** The prefix of the code and message of an error that libuv has no name for. The number follows. */
export const UNNAMED = 'Unknown system error -'

/** Descriptions of errors that libuv does not know and that can occur when images are written. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  EDQUOT: 'disk quota exceeded',
  ESTALE: 'stale file handle',
}

/**
 * The name and description of a system error. If there are two names for a number, the first one in Node's list is the usual one.
 * @param errno the positive number, as in the C library.
 */
export function nameOfErrno(errno: number): { readonly code: string; readonly words: string } {
  const known = getSystemErrorMap().get(-errno)
  if (known) return { code: known[0], words: known[1] }
  const code = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `ERRNO${errno}`
  return { code, words: DESCRIPTIONS[code] ?? `system error ${errno}` }
}

/** The name for the code of a Node error: the code itself, unless it contains only the number. */
export function namedCode(code: string): string {
  return code.startsWith(UNNAMED) ? nameOfErrno(Number(code.slice(UNNAMED.length))).code : code
}

/**
 * Returns a system error with its name as `code`. If Node has no name for it, this is a new error with Node's error as its `cause`.
 * Any other value is returned unchanged.
 */
export function withName(error: unknown): unknown {
  if (!isSystemError(error) || !error.code.startsWith(UNNAMED)) return error
  const { code, words } = nameOfErrno(Math.abs(error.errno))
  const call = typeof error.syscall === 'string' ? `, ${error.syscall}` : ''
  return Object.assign(new Error(`${code}: ${words}${call}`, { cause: error }), { code, errno: error.errno })
}

/** The name of a system error (`ENOSPC`, `EDQUOT`, ...); undefined for other values. */
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

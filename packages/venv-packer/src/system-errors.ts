/** Explains system errors (ENOSPC, EACCES, ...), and what to do about each when an image is written. */

import { namedCode, UNNAMED } from 'squashfs-writer/system'
import { type ExitCode, Failure } from './failure.js'

interface Explanation {
  readonly message: string
  readonly remedy: string
}

const ELSEWHERE = 'name another place with --output'

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  EACCES: { message: 'permission denied', remedy: `Make the directory writable, or ${ELSEWHERE}.` },
  EPERM: { message: 'the system does not allow it', remedy: `Make the directory writable, or ${ELSEWHERE}.` },
  EROFS: { message: 'the file system is read-only', remedy: `Use a writable file system: ${ELSEWHERE}.` },
  ENOSPC: { message: 'no space left on the device', remedy: `Free some space there, or ${ELSEWHERE}.` },
  EDQUOT: {
    message: 'your quota is used up (in bytes or in inodes)',
    remedy: `Remove files that count towards it, or ${ELSEWHERE}.`,
  },
  EFBIG: {
    message: 'the file is larger than allowed',
    remedy: `Raise the limit (ulimit -f), or ${ELSEWHERE}: the file system may have a limit of its own.`,
  },
  EISDIR: { message: 'it is a directory', remedy: 'Name a file: --output DIRECTORY/venv.squashfs.' },
  EEXIST: {
    message: 'another program put a file there meanwhile',
    remedy: `Add --force to replace it, or ${ELSEWHERE}.`,
  },
  ENOTDIR: { message: 'a part of the path is not a directory', remedy: `Correct the path, or ${ELSEWHERE}.` },
  ENOENT: { message: 'the directory does not exist', remedy: `Create it with mkdir -p, or ${ELSEWHERE}.` },
  ENAMETOOLONG: { message: 'the name is too long', remedy: 'Give a shorter one with --output.' },
  ELOOP: { message: 'its symlinks go round in a circle', remedy: `Correct the links, or ${ELSEWHERE}.` },
  EBUSY: { message: 'it is in use', remedy: `Try again later, or ${ELSEWHERE}.` },
  ETXTBSY: { message: 'it is in use', remedy: `Try again later, or ${ELSEWHERE}.` },
  EMFILE: { message: 'too many open files', remedy: 'Raise the limit (ulimit -n) and try again.' },
  ENFILE: { message: 'too many open files on this machine', remedy: 'Try again later.' },
  ENOMEM: { message: 'not enough memory', remedy: 'Try --threads 1, or a machine with more memory.' },
  EIO: { message: 'the device reports an error', remedy: `See the system log (dmesg), or ${ELSEWHERE}.` },
  ESTALE: { message: 'the network file system lost the file', remedy: `Try again, or ${ELSEWHERE}.` },
  ETIMEDOUT: { message: 'the file system did not answer', remedy: `Try again, or ${ELSEWHERE}.` },
}

/** The message and remedy for a code. An unknown code gets the message of the error. */
export function explainSystemError(code: string | undefined, ownMessage: string): Explanation {
  const known = code === undefined ? undefined : EXPLANATIONS[namedCode(code)]
  return known ?? { message: ownMessage, remedy: `Try again, or ${ELSEWHERE}.` }
}

/** Codes for a path that has changed since it was found: its content changed, it vanished, or it became a symlink or a file. */
const SIGNS_OF_CHANGE: readonly string[] = ['CHANGED', 'ENOENT', 'ELOOP', 'ENOTDIR', 'ESTALE']

/** Whether a path could not be read because it has changed since it was found. */
export function isSignOfChange({ code }: { readonly code: string }): boolean {
  return SIGNS_OF_CHANGE.includes(namedCode(code))
}

/** The code of a system error, such as `ENOENT`. Undefined for any other value, and for Node's own `ERR_…`. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  const code = namedCode(error.code)
  return /^E(?!RR_)[A-Z0-9]+$/.test(code) ? code : undefined
}

/** The message of an error. Where Node does not know a system error, its name and an explanation are put in. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const code = systemErrorCode(error)
  if (code === undefined || !message.startsWith(UNNAMED)) return message
  const words = EXPLANATIONS[code]?.message ?? 'the system reports an error'
  return message.replace(/^Unknown system error -\d+(?:: Unknown system error -\d+)?/, `${code}: ${words}`)
}

export interface SystemFailureDetails {
  /** Absolute. */
  readonly path: string
  /** Default: the remedy for this error when an image is written. */
  readonly remedy?: string | undefined
  readonly exitCode?: ExitCode
  /** The error that was thrown, if the system error is its cause. */
  readonly thrown?: Error
}

/** Makes a failure from a system error. Its message is `WHAT: permission denied`. */
export function systemFailure(
  code: string,
  what: string,
  error: unknown,
  { path, remedy, exitCode, thrown }: SystemFailureDetails,
): Failure {
  const systemCode = systemErrorCode(error)
  const explanation = explainSystemError(systemCode, thrown?.message ?? messageOf(error))
  return new Failure(code, `${what}: ${explanation.message}`, remedy ?? explanation.remedy, {
    path,
    systemCode,
    cause: thrown ?? error,
    ...(exitCode === undefined ? {} : { exitCode }),
  })
}

/** Whether an error says that a path or one of its parent directories does not exist. */
export function isMissing(error: unknown): boolean {
  const code = systemErrorCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

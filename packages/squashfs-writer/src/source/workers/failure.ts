/** Failure: turns errors of a job into plain data, which can be sent to another thread. */
import { withName } from '../../system-error.js'
import type { Failure } from './protocol.js'

/** A file or directory was changed or replaced since the scan. */
export class ChangedError extends Error {
  readonly code = 'CHANGED'
}

/** The code and description of an error, without the path, which the caller adds. */
export function failureOf(thrown: unknown): Failure {
  const error = withName(thrown)
  if (!(error instanceof Error)) return { code: 'UNKNOWN', message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN'
  if (code === 'ENOENT') return { code, message: 'it vanished after it was found' }
  return { code, message: error.message.replace(/^[A-Z]+: /, '').replace(/, \w+( '.*)?$/s, '') }
}

/** Returns the result of `act`, or its failure. */
export function attempt<T>(act: () => T): T | Failure {
  try {
    return act()
  } catch (error) {
    return failureOf(error)
  }
}

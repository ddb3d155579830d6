/** Failure: why a job could not read something, as plain data that crosses threads. */
import { withName } from '../../system-error.js'
import type { Failure } from './protocol.js'

/** Something is no longer what was found. */
export class ChangedError extends Error {
  readonly code = 'CHANGED'
}

/** The system's code and words, without the path, which the caller knows better. */
export function failureOf(thrown: unknown): Failure {
  const error = withName(thrown)
  if (!(error instanceof Error)) return { code: 'UNKNOWN', message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN'
  if (code === 'ENOENT') return { code, message: 'it vanished after it was found' }
  return { code, message: error.message.replace(/^[A-Z]+: /, '').replace(/, \w+( '.*)?$/s, '') }
}

/** What `act` returns, or why it failed. */
export function attempt<T>(act: () => T): T | Failure {
  try {
    return act()
  } catch (error) {
    return failureOf(error)
  }
}

/** Reports a failure in the style that the arguments ask for, and gives the exit code that goes with it. */
import { failureStyle } from '../command-line/report-style.js'
import { Failure } from '../errors/failure.js'
import { messageOf, systemErrorCode } from '../errors/system-errors.js'
import type { ExitCode } from '../exit-codes.js'
import { print, printError } from '../terminal/printing.js'
import { failureLines } from './failure-lines.js'
import { failureJson } from './json-report.js'
import { printable } from './printable.js'

export async function reportFailure(error: unknown, argv: readonly string[]): Promise<ExitCode> {
  const { json, debug } = failureStyle(argv)
  const failure = error instanceof Failure ? error : unforeseen(error)
  if (json) {
    // Where standard output itself is what failed, the words on standard error are all there is.
    await print(failureJson(failure, argv)).catch(() => printError(failureLines(failure, argv)))
  } else {
    await printError(failureLines(failure, argv))
  }
  if (debug) await printError(`${stackOf(failure).split('\n').map(printable).join('\n')}\n`)
  return failure.exitCode
}

/** What no one thought of: the system's own words, or a fault in the program. */
function unforeseen(error: unknown): Failure {
  const message = messageOf(error)
  const systemCode = systemErrorCode(error)
  return systemCode === undefined
    ? new Failure(
        'UNEXPECTED',
        `unexpected: ${message}`,
        'This is a fault in venv-packer: please report it with what --debug prints.',
        {
          cause: error,
        },
      )
    : new Failure('SYSTEM', message, 'Try again; --debug shows where it happened.', {
        systemCode,
        cause: error,
      })
}

/** The stacks of an error and of all that caused it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.stack ?? error.message
  return error.cause === undefined ? own : `${own}\ncaused by: ${stackOf(error.cause)}`
}

/** Reports a failure as text or JSON, as the arguments say, and returns its exit code. */

import { type ExitCode, Failure } from '../failure.js'
import { packageVersion } from '../package.js'
import { messageOf, systemErrorCode } from '../system-errors.js'
import { count } from '../terminal/figures.js'
import { printable } from '../terminal/printable.js'
import { failureStyle, line, print, printError } from '../terminal/printing.js'
import { remedyLine } from './remedy-line.js'

export async function reportFailure(error: unknown, argv: readonly string[]): Promise<ExitCode> {
  const { json, debug } = failureStyle(argv)
  const failure = error instanceof Failure ? error : unexpected(error)
  if (json) {
    // If standard output itself fails, report on standard error.
    await print(failureJson(failure, argv)).catch(() => printError(failureLines(failure, argv)))
  } else {
    await printError(failureLines(failure, argv))
  }
  if (debug) await printError(`${stackOf(failure).split('\n').map(printable).join('\n')}\n`)
  return failure.exitCode
}

/** Makes a Failure of another error: a system error, or a bug. */
function unexpected(error: unknown): Failure {
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

/** The stack traces of an error and of its causes. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.stack ?? error.message
  return error.cause === undefined ? own : `${own}\ncaused by: ${stackOf(error.cause)}`
}

const MAX_PATHS_SHOWN = 10

/** @param argv the command line that failed. */
export function failureLines(failure: Failure, argv: readonly string[]): string {
  const lines = [`venv-packer: ${printable(failure.message)}`]
  if (failure.paths.length > 1) {
    const shown = failure.paths.slice(0, MAX_PATHS_SHOWN)
    lines.push(...shown.map(({ path, message }) => `  ${printable(path)}: ${printable(message)}`))
    const rest = failure.paths.length - shown.length
    if (rest > 0) lines.push(`  and ${count(rest)} more; --json lists them all`)
  }
  if (failure.output)
    lines.push(...failure.output.split('\n').map((line) => `  | ${printable(line)}`.trimEnd()))
  lines.push(`  ${printable(failure.remedy)}`, `    ${remedyLine(failure, argv)}`)
  return `${lines.join('\n')}\n`
}

/** @param argv the command line that failed. */
function failureJson(failure: Failure, argv: readonly string[]): string {
  return line({
    ok: false,
    version: packageVersion(),
    error: {
      code: failure.code,
      message: failure.message,
      remedy: failure.remedy,
      paste: remedyLine(failure, argv),
      path: failure.path ?? null,
      systemCode: failure.systemCode ?? null,
      paths: failure.paths.map(({ path, code, message }) => ({ path, code, message })),
      output: failure.output ?? null,
    },
    exitCode: failure.exitCode,
  })
}

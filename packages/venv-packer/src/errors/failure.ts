/** The one error that users see: what went wrong, at which path, and what to do about it. */
import { type ExitCode, exitCodes } from '../exit-codes.js'

/** A path that stood in the way, one of possibly many. */
export interface FailedPath {
  readonly path: string
  readonly code: string
  readonly message: string
}

/** What makes a remedy a line to paste: another command, or the same command line with something changed. */
export interface Mending {
  /** Another command. */
  readonly line?: string
  /** Before the command line, such as TMPDIR=/var/tmp, or a command and `&&`. */
  readonly before?: string
  /** Added to the command line, in the place of options of the same name. */
  readonly options?: readonly string[]
  /** Options that the command line has and should not. */
  readonly without?: readonly string[]
  /** What was probably meant in the place of the path that the failure is about. */
  readonly meant?: string | undefined
}

export interface FailureDetails {
  /** Where the code alone does not say what to paste. */
  readonly mending?: Mending | undefined
  /** The path that it is about, absolute. */
  readonly path?: string
  /** Every path, where there may be many. */
  readonly paths?: readonly FailedPath[]
  /** The system's own code, such as ENOSPC. */
  readonly systemCode?: string | undefined
  /** What another program said last, line by line, where that is what failed. */
  readonly output?: string | undefined
  readonly exitCode?: ExitCode
  readonly cause?: unknown
}

export class Failure extends Error {
  override readonly name = 'Failure'
  readonly path: string | undefined
  readonly paths: readonly FailedPath[]
  readonly systemCode: string | undefined
  readonly output: string | undefined
  readonly exitCode: ExitCode
  readonly mending: Mending | undefined

  constructor(
    /** Stable, for programs; the message may change. */
    readonly code: string,
    message: string,
    /** What the user can do, as one sentence. */
    readonly remedy: string,
    details: FailureDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.path = details.path
    this.paths = details.paths ?? []
    this.systemCode = details.systemCode
    this.output = details.output
    this.mending = details.mending
    this.exitCode = details.exitCode ?? exitCodes.failed
  }
}

/** The command line itself is wrong; nothing was looked at yet. */
export function wrongUsage(message: string, remedy = 'See venv-packer pack --help.'): Failure {
  return new Failure('USAGE', message, remedy, { exitCode: exitCodes.wrongUsage })
}

/** The one error that users see: a message with the path, a remedy, and the exit code. */

/** A path that stood in the way, one of possibly many. */
export interface FailedPath {
  readonly path: string
  readonly code: string
  readonly message: string
}

/** Makes a remedy a line to paste: another command, or the same command line with something changed. */
export interface CommandFix {
  /** Another command. */
  readonly line?: string
  /** Before the command line, such as TMPDIR=/var/tmp, or a command and `&&`. */
  readonly before?: string
  /** Added to the command line, in the place of options of the same name. */
  readonly options?: readonly string[]
  /** Options that the command line has and should not. */
  readonly without?: readonly string[]
  /** The path that was probably meant in the place of the failure's path. */
  readonly meant?: string | undefined
}

export interface FailureDetails {
  /** Where the code alone does not say what to paste. */
  readonly fix?: CommandFix | undefined
  /** The path that it is about, absolute. */
  readonly path?: string
  /** Every path, where there may be many. */
  readonly paths?: readonly FailedPath[]
  /** The system's own code, such as ENOSPC. */
  readonly systemCode?: string | undefined
  /** The last lines of another program's output, where that program failed. */
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
  readonly fix: CommandFix | undefined

  constructor(
    /** Stable, for programs; the message may change. */
    readonly code: string,
    message: string,
    /** An instruction for the user, as one sentence. */
    readonly remedy: string,
    details: FailureDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.path = details.path
    this.paths = details.paths ?? []
    this.systemCode = details.systemCode
    this.output = details.output
    this.fix = details.fix
    this.exitCode = details.exitCode ?? EXIT_CODES.failed
  }
}

/** The command line itself is wrong; nothing was looked at yet. */
export function wrongUsage(message: string, remedy = 'See venv-packer pack --help.'): Failure {
  return new Failure('USAGE', message, remedy, { exitCode: EXIT_CODES.wrongUsage })
}

export const EXIT_CODES = {
  done: 0,
  failed: 1,
  wrongUsage: 2,
  /** These three as env(1), nohup(1) and timeout(1) have them; all else is the command's own. */
  commandNotStarted: 125,
  commandNotExecutable: 126,
  commandNotFound: 127,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const

/** 0 to 255: one of these, or that of the command that was run. */
export type ExitCode = number

/** For an option or an operand that is the empty text. */
export function emptyValue(what: string, hint?: string): Failure {
  const remedy = 'Was a shell variable in it not set?'
  return wrongUsage(`${what} is empty`, hint === undefined ? remedy : `${remedy} ${hint}`)
}

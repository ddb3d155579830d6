/** The error that is reported to users: a message that names the path, a remedy, and the exit code. */

/** One of the paths that caused a failure. */
export interface FailedPath {
  readonly path: string
  readonly code: string
  readonly message: string
}

/** The recipe for the line that a user can paste: another command, or the same command line with changes. */
export interface CommandFix {
  /** A complete command, instead of the changed command line. */
  readonly line?: string
  /** Text before the command line, such as `TMPDIR=/var/tmp`, or a command and `&&`. */
  readonly before?: string
  /** Options to add. They replace options of the same name. */
  readonly options?: readonly string[]
  /** Options to remove. */
  readonly without?: readonly string[]
  /** The path that the user probably meant instead of the failure's path. */
  readonly suggestedPath?: string | undefined
}

export interface FailureDetails {
  /** Needed where the code alone does not determine the line to paste. */
  readonly fix?: CommandFix | undefined
  /** The path that the failure is about, absolute. */
  readonly path?: string
  /** All paths, for a failure that may have several. */
  readonly paths?: readonly FailedPath[]
  /** The code of the system error, such as ENOSPC. */
  readonly systemCode?: string | undefined
  /** The last lines of the output of another program that failed. */
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
    /** Programs may rely on the code. The message may change. */
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

/** The failure for a wrong command line, which is reported before anything is read. */
export function wrongUsage(message: string, remedy = 'See venv-packer pack --help.'): Failure {
  return new Failure('USAGE', message, remedy, { exitCode: EXIT_CODES.wrongUsage })
}

export const EXIT_CODES = {
  done: 0,
  failed: 1,
  wrongUsage: 2,
  /** `run` uses these three like env(1), nohup(1) and timeout(1). Other exit codes of `run` are those of its command. */
  commandNotStarted: 125,
  commandNotExecutable: 126,
  commandNotFound: 127,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const

/** 0 to 255: one of `EXIT_CODES`, or the exit code of the command that `run` ran. */
export type ExitCode = number

/** The failure for an option or an operand that is an empty string. */
export function emptyValue(what: string, hint?: string): Failure {
  const remedy = 'Was a shell variable in it not set?'
  return wrongUsage(`${what} is empty`, hint === undefined ? remedy : `${remedy} ${hint}`)
}

/** What the process says to the shell when it ends. 128 + n: ended by signal n, as shells have it. */
export const exitCodes = {
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

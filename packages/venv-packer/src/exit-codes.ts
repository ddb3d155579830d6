/** What the process says to the shell when it ends. 128 + n: ended by signal n, as shells have it. */
export const exitCodes = {
  done: 0,
  failed: 1,
  wrongUsage: 2,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

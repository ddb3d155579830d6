/** How another program ended, in words. */

/** `exit status 1`, or `ended by SIGKILL`. */
export function endingInWords(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit status ${code}` : `ended by ${signal}`
}

/** Child processes: their output, and how they ended. */
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'

/** `exit status 1`, or `ended by SIGKILL`. */
export function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit status ${code}` : `ended by ${signal}`
}

/** The exit code as a shell has it: 128 + n for a process that signal n ended. */
export function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((done, failed) => {
    child.once('error', failed)
    child.once('exit', (code, signal) =>
      done(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    )
  })
}

/** The text that is written to a stream: so far at any time, and all of it in the end. */
export interface CapturedOutput {
  readonly soFar: () => string
  readonly ended: Promise<void>
}

export function captureOutput(stream: Readable | null): CapturedOutput {
  const pieces: Buffer[] = []
  stream?.on('data', (piece: Buffer) => pieces.push(piece))
  const ended = new Promise<void>((done) => {
    if (stream === null) done()
    else stream.once('close', () => done())
  })
  return { soFar: () => Buffer.concat(pieces).toString('utf8'), ended }
}

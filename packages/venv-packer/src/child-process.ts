/** Helps with child processes: captures their output and describes how they exited. */
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'

/** Returns `exit status 1`, or `ended by SIGKILL`. */
export function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit status ${code}` : `ended by ${signal}`
}

/** Resolves with the exit code as a shell reports it: 128 + n for a process that signal n ended. */
export function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((done, failed) => {
    child.once('error', failed)
    child.once('exit', (code, signal) =>
      done(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    )
  })
}

/** The text that a child process writes to a stream. */
export interface CapturedOutput {
  /** The text up to now. */
  readonly text: () => string
  /** Resolves when the stream is closed. */
  readonly closed: Promise<void>
}

export function captureOutput(stream: Readable | null): CapturedOutput {
  const pieces: Buffer[] = []
  stream?.on('data', (piece: Buffer) => pieces.push(piece))
  const closed = new Promise<void>((done) => {
    if (stream === null) done()
    else stream.once('close', () => done())
  })
  return { text: () => Buffer.concat(pieces).toString('utf8'), closed }
}

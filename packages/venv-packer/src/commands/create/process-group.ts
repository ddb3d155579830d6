/** A program with all that it starts: they end together, on every way out. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { systemErrorCode } from '../../system-errors.js'

export interface ProcessGroup {
  readonly child: ChildProcess
  /** Resolves when the program has ended; rejects when it could not be started. */
  readonly ended: Promise<Ending>
}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What a program has to tidy up after itself, in milliseconds, before it is ended by force. */
const patience = 3000

/**
 * Starts a program in a process group of its own. An abort interrupts the group as Ctrl-C would, and what does not end
 * by that is killed.
 */
export function startGroup(
  program: string,
  args: readonly string[],
  options: SpawnOptions,
  abort: AbortSignal,
): ProcessGroup {
  const child = spawn(program, args, { ...options, detached: true })
  const kill = () => signalGroup(child, 'SIGKILL')
  let force: NodeJS.Timeout | undefined
  const interrupt = () => {
    signalGroup(child, 'SIGINT')
    force = setTimeout(kill, patience)
  }
  abort.addEventListener('abort', interrupt)
  // A second Ctrl-C ends this process at once; and what the group works on is removed after it.
  process.prependOnceListener('exit', kill)
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  }).finally(() => {
    abort.removeEventListener('abort', interrupt)
    process.off('exit', kill)
    clearTimeout(force)
    if (abort.aborted) kill() // what the program left behind
  })
  if (abort.aborted) interrupt()
  return { child, ended }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error // all of them have ended
  }
}

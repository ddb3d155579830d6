/** Runs a step of `create` to its end. Its output is shown, or kept for the failure message. */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { describeExit } from '../../child-process.js'
import { Failure } from '../../failure.js'
import { messageOf, systemErrorCode } from '../../system-errors.js'
import type { Step } from './steps.js'

export interface StepContext {
  readonly signal: AbortSignal
  /** Whether to show the output of steps on standard error. */
  readonly show: boolean
}

/** @throws Failure if the program is missing or fails; the signal's reason if it is aborted. */
export async function runStep(step: Step, { signal, show }: StepContext): Promise<void> {
  signal.throwIfAborted()
  const shown = show && step.isOutputShown
  const out = shown ? 2 : 'pipe'
  const { child, ended } = startGroup(
    step.program,
    step.args,
    { env: shown ? step.env : { ...step.env, NO_COLOR: '1' }, stdio: ['ignore', out, out] },
    signal,
  )
  const output = captureLast([child.stdout, child.stderr])
  const { code, signal: killer } = await ended.catch((error: unknown) => {
    throw notStarted(step, error)
  })
  if (!shown) await streamsClosed(child)
  signal.throwIfAborted()
  if (code !== 0) throw failed(step, describeExit(code, killer), output())
}

/** The standard output of a program; empty if it fails. */
export async function outputOf(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string> {
  return await new Promise((done) => {
    execFile(program, args, { env, timeout: 60_000 }, (error, stdout) => done(error === null ? stdout : ''))
  })
}

/** How long to wait, in milliseconds, for the rest of the output of a program that has ended. */
const OUTPUT_DELAY_MS = 300

const MAX_OUTPUT = 100_000

/** Captures the last characters of the output on all streams. */
function captureLast(streams: readonly (Readable | null)[]): () => string {
  let output = ''
  for (const stream of streams) {
    stream?.on('data', (piece: Buffer) => {
      output = (output + piece.toString('utf8')).slice(-MAX_OUTPUT)
    })
  }
  return () => output
}

/** Waits for a moment only: a background process of the program may keep the streams open. */
async function streamsClosed(child: ChildProcess): Promise<void> {
  const stop = new AbortController()
  const waiting = { signal: stop.signal }
  const closed = once(child, 'close', waiting)
  await Promise.race([closed, delay(OUTPUT_DELAY_MS, undefined, waiting)])
  stop.abort()
  child.stdout?.destroy()
  child.stderr?.destroy()
}

function notStarted(step: Step, error: unknown): Failure {
  const systemCode = systemErrorCode(error)
  if (systemCode !== 'ENOENT') {
    const message = `${step.program} cannot be started: ${messageOf(error)}`
    return new Failure(step.code, message, step.missing, { systemCode, fix: step.fix, cause: error })
  }
  const where = step.program.includes('/') ? 'does not exist' : 'is not installed, or not on the PATH'
  const message = `${step.program} ${where}`
  return new Failure('NOT_INSTALLED', message, step.missing, {
    systemCode,
    fix: step.fix,
    cause: error,
  })
}

function failed({ name, code, remedy, fix }: Step, ending: string, output: string): Failure {
  const full = /No space left on device|os error 28|Errno 28|Disk quota exceeded/.test(output)
  return new Failure(
    code,
    `${name} failed (${ending})`,
    full ? 'Name a directory with more free space with --work-dir.' : remedy,
    { output: lastLines(output), fix: full ? { options: ['--work-dir', '/var/tmp'] } : fix },
  )
}

const MAX_LINES = 30

function lastLines(output: string): string {
  const text = stripVTControlCharacters(output).replace(/^.*\r(?!\n)/gm, '')
  return text.trim().split('\n').slice(-MAX_LINES).join('\n')
}

export interface ProcessGroup {
  readonly child: ChildProcess
  /** Resolves when the program has ended. Rejects if it could not be started. */
  readonly ended: Promise<Ending>
}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The milliseconds that a program has to clean up before it is killed. */
const GRACE_MS = 3000

/**
 * Starts a program in its own process group. An abort sends SIGINT to the group, like Ctrl-C, and kills processes that do not end.
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
    force = setTimeout(kill, GRACE_MS)
  }
  abort.addEventListener('abort', interrupt)
  // A second Ctrl-C ends this process at once. The group must end before its work directory is removed.
  process.prependOnceListener('exit', kill)
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  }).finally(() => {
    abort.removeEventListener('abort', interrupt)
    process.off('exit', kill)
    clearTimeout(force)
    if (abort.aborted) kill() // background processes of the program
  })
  if (abort.aborted) interrupt()
  return { child, ended }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error // ESRCH: all of them have ended
  }
}

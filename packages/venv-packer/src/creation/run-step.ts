/** Runs a step to its end; what it says is shown, or kept for the failure. */
import { type ChildProcess, execFile } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { Failure } from '../errors/failure.js'
import { messageOf, systemErrorCode } from '../errors/system-errors.js'
import { endingInWords } from '../processes/ending.js'
import { startGroup } from '../processes/process-group.js'
import type { Step } from './step.js'

export interface StepCompany {
  readonly signal: AbortSignal
  /** Whether steps that talk do so on standard error, for someone who looks on. */
  readonly show: boolean
}

/** @throws Failure when the program is missing or fails; the signal's reason when it is aborted. */
export async function runStep(step: Step, { signal, show }: StepCompany): Promise<void> {
  signal.throwIfAborted()
  const shown = show && step.talks
  const out = shown ? 2 : 'pipe'
  const { child, ended } = startGroup(
    step.program,
    step.args,
    { env: shown ? step.env : { ...step.env, NO_COLOR: '1' }, stdio: ['ignore', out, out] },
    signal,
  )
  const said = lastOf([child.stdout, child.stderr])
  const { code, signal: killer } = await ended.catch((error: unknown) => {
    throw notStarted(step, error)
  })
  if (!shown) await heardOut(child)
  signal.throwIfAborted()
  if (code !== 0) throw failed(step, endingInWords(code, killer), said())
}

/** What a program writes to standard output; nothing where it fails. */
export async function saidBy(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string> {
  return await new Promise((done) => {
    execFile(program, args, { env, timeout: 60_000 }, (error, stdout) => done(error === null ? stdout : ''))
  })
}

/** Milliseconds in which what a program has written arrives. */
const lastWords = 300

const mostKept = 100_000

/** What was said last, on all streams together. */
function lastOf(streams: readonly (Readable | null)[]): () => string {
  let said = ''
  for (const stream of streams) {
    stream?.on('data', (piece: Buffer) => {
      said = (said + piece.toString('utf8')).slice(-mostKept)
    })
  }
  return () => said
}

/** Something that the program started may live on with its streams: it is not waited for. */
async function heardOut(child: ChildProcess): Promise<void> {
  const stop = new AbortController()
  const waiting = { signal: stop.signal }
  const closed = once(child, 'close', waiting)
  await Promise.race([closed, setTimeout(lastWords, undefined, waiting)])
  stop.abort()
  child.stdout?.destroy()
  child.stderr?.destroy()
}

function notStarted(step: Step, error: unknown): Failure {
  const systemCode = systemErrorCode(error)
  if (systemCode !== 'ENOENT') {
    const message = `${step.program} cannot be started: ${messageOf(error)}`
    return new Failure(step.code, message, step.missing, {
      systemCode,
      mending: step.mending,
      cause: error,
    })
  }
  const where = step.program.includes('/') ? 'does not exist' : 'is not installed, or not on the PATH'
  const message = `${step.program} ${where}`
  return new Failure('NOT_INSTALLED', message, step.missing, {
    systemCode,
    mending: step.mending,
    cause: error,
  })
}

function failed({ name, code, remedy, mending }: Step, ending: string, said: string): Failure {
  const full = /No space left on device|os error 28|Errno 28|Disk quota exceeded/.test(said)
  return new Failure(
    code,
    `${name} failed (${ending})`,
    full ? 'Name a folder with more room with --work-dir.' : remedy,
    { output: lastLines(said), mending: full ? { options: ['--work-dir', '/var/tmp'] } : mending },
  )
}

const linesKept = 30

function lastLines(said: string): string {
  const text = stripVTControlCharacters(said).replace(/^.*\r(?!\n)/gm, '')
  return text.trim().split('\n').slice(-linesKept).join('\n')
}

/** Runs the programs that mount and unmount, and the command behind them. */
import { spawn } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { captureOutput, exitCodeOf } from '../child-process.js'
import type { CommandLine } from './methods.js'
import type { SignalRelay } from './signal-relay.js'

const MOUNTED = 'venv-packer: mounted\n'

/**
 * Comes between the mounting program and the command. Until here standard error is a pipe to this process, so that what the
 * mount says can be shown, or not; the user's own is number 3, and the command gets it.
 */
const HAND_OVER = 'echo venv-packer: mounted >&2; exec "$@" 2>&3 3>&-'

/** Milliseconds for output from before the end to arrive. */
const OUTPUT_DELAY_MS = 500

export type MountedRun =
  | { readonly mounted: false; readonly reason: string }
  | { readonly mounted: true; readonly exitCode: number }

/**
 * @param around makes the line that mounts and then runs the command that it is given.
 * @param command inherits standard input, output and error.
 */
export async function runMounted(
  around: (command: CommandLine) => CommandLine,
  command: CommandLine,
  relay: SignalRelay,
): Promise<MountedRun> {
  const [program = '', ...args] = around(['/bin/sh', '-c', HAND_OVER, 'sh', ...command])
  const child = spawn(program, args, { stdio: ['inherit', 'inherit', 'pipe', 2] })
  relay.to(child)
  const said = captureOutput(child.stderr)
  // The pipe closes when the command replaces the mounting program.
  void said.ended.then(() => {
    if (said.soFar().endsWith(MOUNTED)) relay.commandStarted()
  })
  const exitCode = await exitCodeOf(child)
  // A mount that hangs may outlive the program that started it; nothing waits for it.
  const signalled = relay.received() !== undefined
  await Promise.race([
    said.ended,
    ...(signalled ? [setTimeout(OUTPUT_DELAY_MS, undefined, { ref: false })] : []),
  ])
  child.stderr?.destroy()
  const text = said.soFar()
  if (text.endsWith(MOUNTED)) return { mounted: true, exitCode }
  return { mounted: false, reason: inOneLine(text) || `it ended with exit code ${exitCode}` }
}

/** The output of a program, which may be several lines, some of them indented. */
export function inOneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}

export interface ProgramEnd {
  readonly exitCode: number
  /** Its standard output and error. */
  readonly said: string
}

export interface ProgramOptions {
  /** With it the program can be interrupted; otherwise it runs to its end. */
  readonly relay?: SignalRelay | undefined
  /** An open file that it gets as number 3. */
  readonly file?: number
}

export async function runProgram(
  [program = '', ...args]: CommandLine,
  { relay, file }: ProgramOptions = {},
): Promise<ProgramEnd> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe', ...(file === undefined ? [] : [file])],
    detached: relay === undefined,
  })
  relay?.to(child)
  const [output, errors] = [captureOutput(child.stdout), captureOutput(child.stderr)]
  const exitCode = await exitCodeOf(child)
  await Promise.all([output.ended, errors.ended])
  return { exitCode, said: `${output.soFar()}\n${errors.soFar()}` }
}

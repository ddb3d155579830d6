/** Runs the programs that mount and unmount images, and the user's command with an image mounted. */
import { spawn } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { captureOutput, exitCodeOf } from '../child-process.js'
import type { CommandLine } from './methods.js'
import type { SignalRelay } from './signal-relay.js'

const MOUNTED = 'venv-packer: mounted\n'

/**
 * The mounting program runs this script, and the script runs the command. The mounting program writes its errors into a pipe, so that
 * `run` can decide whether to show them. The user's standard error is file descriptor 3; the script gives it to the command.
 */
const HAND_OVER = 'echo venv-packer: mounted >&2; exec "$@" 2>&3 3>&-'

/** How long `run` waits, in milliseconds, for the rest of the output of a program that has ended. */
const OUTPUT_DELAY_MS = 500

export type MountedRun =
  | { readonly mounted: false; readonly reason: string }
  | { readonly mounted: true; readonly exitCode: number }

/**
 * Mounts an image and runs a command.
 * @param wrap makes the command line that mounts the image and then runs the command it is given.
 * @param command inherits standard input, output and error.
 */
export async function runMounted(
  wrap: (command: CommandLine) => CommandLine,
  command: CommandLine,
  relay: SignalRelay,
): Promise<MountedRun> {
  const [program = '', ...args] = wrap(['/bin/sh', '-c', HAND_OVER, 'sh', ...command])
  const child = spawn(program, args, { stdio: ['inherit', 'inherit', 'pipe', 2] })
  relay.to(child)
  const errors = captureOutput(child.stderr)
  // The pipe closes when the command replaces the mounting program.
  void errors.closed.then(() => {
    if (errors.text().endsWith(MOUNTED)) relay.commandStarted()
  })
  const exitCode = await exitCodeOf(child)
  // A mount that hangs may outlive the program that started it. Do not wait for it.
  const signalled = relay.received() !== undefined
  await Promise.race([
    errors.closed,
    ...(signalled ? [setTimeout(OUTPUT_DELAY_MS, undefined, { ref: false })] : []),
  ])
  child.stderr?.destroy()
  const text = errors.text()
  if (text.endsWith(MOUNTED)) return { mounted: true, exitCode }
  return { mounted: false, reason: inOneLine(text) || `it ended with exit code ${exitCode}` }
}

/** Puts the output of a program, which may have several indented lines, on one line. */
export function inOneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}

export interface ProgramResult {
  readonly exitCode: number
  /** Standard output and standard error. */
  readonly output: string
}

export interface ProgramOptions {
  /** Passes signals to the program. Without it the program cannot be interrupted. */
  readonly relay?: SignalRelay | undefined
  /** An open file that the program gets as file descriptor 3. */
  readonly file?: number
}

/** Runs a program to its end. */
export async function runProgram(
  [program = '', ...args]: CommandLine,
  { relay, file }: ProgramOptions = {},
): Promise<ProgramResult> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe', ...(file === undefined ? [] : [file])],
    detached: relay === undefined,
  })
  relay?.to(child)
  const [out, errors] = [captureOutput(child.stdout), captureOutput(child.stderr)]
  const exitCode = await exitCodeOf(child)
  await Promise.all([out.closed, errors.closed])
  return { exitCode, output: `${out.text()}\n${errors.text()}` }
}

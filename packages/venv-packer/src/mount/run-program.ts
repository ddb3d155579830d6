/** Runs a program that mounts, unmounts or locks, to its end: it says nothing to the user, what it says is kept. */
import { spawn } from 'node:child_process'
import type { CommandLine } from './method.js'
import { exitCodeOf, listenTo } from './outcome.js'
import type { SignalRelay } from './signal-relay.js'

export interface ProgramEnd {
  readonly exitCode: number
  /** What it wrote to standard output and error. */
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
  const [output, errors] = [listenTo(child.stdout), listenTo(child.stderr)]
  const exitCode = await exitCodeOf(child)
  await Promise.all([output.ended, errors.ended])
  return { exitCode, said: `${output.soFar()}\n${errors.soFar()}` }
}

/** Runs a program that mounts or unmounts, to its end: it says nothing to the user, what it says is kept. */
import { spawn } from 'node:child_process'
import type { CommandLine } from '../mounting/way.js'
import { exitCodeOf, listenTo } from './outcome.js'
import type { SignalRelay } from './signal-relay.js'

export interface ProgramEnd {
  readonly exitCode: number
  /** What it wrote to standard output and error. */
  readonly said: string
}

/** With a relay it can be interrupted; without one it runs to its end. */
export async function runProgram(
  [program = '', ...args]: CommandLine,
  relay?: SignalRelay,
): Promise<ProgramEnd> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: relay === undefined })
  relay?.to(child)
  const [output, errors] = [listenTo(child.stdout), listenTo(child.stderr)]
  const exitCode = await exitCodeOf(child)
  await Promise.all([output.ended, errors.ended])
  return { exitCode, said: `${output.soFar()}\n${errors.soFar()}` }
}

/** Runs a command by a line that mounts first, and tells apart a mount that failed from a command that did. */
import { spawn } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import type { CommandLine } from './method.js'
import { exitCodeOf, listenTo } from './outcome.js'
import type { SignalRelay } from './signal-relay.js'

const mounted = 'venv-packer: mounted\n'

/**
 * Comes between what mounts and the command. Until here standard error is a pipe to this process, so that what the
 * mount says can be shown, or not; the user's own is number 3, and the command gets it.
 */
const handOver = 'echo venv-packer: mounted >&2; exec "$@" 2>&3 3>&-'

/** Milliseconds for what was said before the end to arrive. */
const patience = 500

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
  const [program = '', ...args] = around(['/bin/sh', '-c', handOver, 'sh', ...command])
  const child = spawn(program, args, { stdio: ['inherit', 'inherit', 'pipe', 2] })
  relay.to(child)
  const said = listenTo(child.stderr)
  // The pipe closes where the command takes the place of what mounted.
  void said.ended.then(() => {
    if (said.soFar().endsWith(mounted)) relay.commandStarted()
  })
  const exitCode = await exitCodeOf(child)
  // A mount that hangs may outlive the signal that ended what started it; nobody waits for it.
  const signalled = relay.received() !== undefined
  await Promise.race([said.ended, ...(signalled ? [setTimeout(patience, undefined, { ref: false })] : [])])
  child.stderr?.destroy()
  const text = said.soFar()
  if (text.endsWith(mounted)) return { mounted: true, exitCode }
  return { mounted: false, reason: inOneLine(text) || `it ended with exit code ${exitCode}` }
}

/** What programs say in one or more lines, some of them indented. */
export function inOneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}

/**
 * A process beside us that gets what is sent to all processes of our group, and nothing else: by it a signal to the group,
 * which the command gets as well, is told apart from one to this process alone. Node is not told who sent a signal.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface SignalWitness {
  /** Resolves when it has come so far that it notices signals. */
  readonly watching: Promise<void>
  /** Whether it got this signal since it was last asked. To be asked one after the other. */
  readonly saw: (signal: NodeJS.Signals) => Promise<boolean>
  readonly stop: () => void
}

/**
 * Says each signal, and answers each line. A shell runs the trap of a signal that came before the line first. It ends with
 * its input; what a signal interrupts is no end.
 */
function script(signals: readonly NodeJS.Signals[]): string {
  const traps = signals.map((signal) => `trap 'echo ${signal}; came=1' ${signal.slice('SIG'.length)}`)
  return [
    ...traps,
    'echo asked',
    'while :; do',
    '  came=',
    '  if read -r line; then echo asked; elif [ -z "$came" ]; then exit 0; fi',
    'done',
  ].join('\n')
}

export function startSignalWitness(signals: readonly NodeJS.Signals[]): SignalWitness {
  const child = spawn('/bin/sh', ['-c', script(signals)], { stdio: ['pipe', 'pipe', 'ignore'] })
  const seen = new Set<string>()
  const waiting: (() => void)[] = []
  const answered = (): void => waiting.shift()?.()
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'asked') answered()
    else seen.add(line)
  })
  const gone = new Promise<void>((done) => {
    child.once('error', () => done())
    // A signal that it got before it listened has ended it.
    child.once('exit', (_code, signal) => {
      if (signal !== null) seen.add(signal)
      done()
    })
  })
  child.stdin.on('error', () => {}) // it is gone, and its end tells more
  const answer = (): Promise<void> => Promise.race([new Promise<void>((done) => waiting.push(done)), gone])
  return {
    watching: answer(),
    saw: async (signal) => {
      child.stdin.write('\n')
      await answer()
      return seen.delete(signal)
    },
    stop: () => end(child),
  }
}

function end(child: ChildProcess): void {
  child.kill('SIGKILL')
  child.unref()
}

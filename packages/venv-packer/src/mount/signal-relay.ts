/** Passes the signals that this process gets on to the command that it runs, except where the command got them as well. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { systemErrorCode } from '../system-errors.js'
import { closeUninvitedDebugger } from '../uninvited-debugger.js'

/** Signals that end a program. */
const ENDING = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const
/** Signals that tell it something. The others (window size, stop, continue) mean this process as well. */
const TELLING = ['SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const
const relayed = [...ENDING, ...TELLING] as const
export type RelayedSignal = (typeof relayed)[number]

const ends: ReadonlySet<RelayedSignal> = new Set(ENDING)

/** The signals that came before the relay was there: the launcher listens for SIGUSR1, by which Node would open its debugger. */
export interface EarlySignals {
  /** Ends that listening, and gives the signals that came. */
  readonly take: () => readonly 'SIGUSR1'[]
}

export interface SignalRelay {
  /** Resolves when signals to all processes of the group are told apart from those to this one. */
  readonly ready: Promise<void>
  /** From now on signals go to this process, which mounts or does something else before the command; only those that end it. */
  readonly to: (child: ChildProcess) => void
  /** The command has taken the place of the process that mounted: it gets all signals, and those that were kept for it. */
  readonly commandStarted: () => void
  /** The first signal that ends the work, if one came. */
  readonly received: () => RelayedSignal | undefined
  readonly stop: () => void
}

/** Milliseconds in which a signal that is sent to several processes, one after the other, has reached them all. */
const GROUP_SIGNAL_MS = 20

export function startSignalRelay(early: EarlySignals): SignalRelay {
  const witness = startSignalWitness(relayed)
  let child: ChildProcess | undefined
  let started = false
  let first: RelayedSignal | undefined
  let kept: RelayedSignal[] = []
  let last = Promise.resolve()

  const onSignal = (signal: RelayedSignal): void => {
    if (ends.has(signal)) first ??= signal
    last = last.then(() => pass(signal))
  }

  async function pass(signal: RelayedSignal): Promise<void> {
    await setTimeout(GROUP_SIGNAL_MS)
    const toGroup = (await witness.saw(signal)) && isInOurGroup(child)
    if (toGroup && !started) first ??= signal // the mounting program has got it
    if (toGroup) return
    if (started || ends.has(signal)) deliver(signal, child)
    else kept.push(signal)
  }

  for (const signal of relayed) process.on(signal, onSignal)
  for (const signal of [...early.take(), ...signalsTakenByDebugger()]) onSignal(signal)
  return {
    ready: witness.watching,
    to: (next) => {
      child = next
    },
    commandStarted: () => {
      started = true
      for (const signal of [...kept, ...signalsTakenByDebugger()]) deliver(signal, child)
      kept = []
    },
    received: () => first,
    stop: () => {
      for (const signal of relayed) process.off(signal, onSignal)
      witness.stop()
    },
  }
}

/** The SIGUSR1 that came while Node started, if one did: it has opened Node's debugger, which is closed again. */
function signalsTakenByDebugger(): readonly 'SIGUSR1'[] {
  return closeUninvitedDebugger() ? ['SIGUSR1'] : []
}

/** A setuid program takes no signal of ours until it is the user's process again: so once more, a moment later. */
function deliver(signal: RelayedSignal, child: ChildProcess | undefined): void {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(child.pid, signal)
  } catch (error) {
    if (systemErrorCode(error) !== 'EPERM') throw error
    void setTimeout(20).then(() => deliver(signal, child))
  }
}

/** Whether a process is in the group that we are in: an interactive shell makes itself one of its own. */
function isInOurGroup(child: ChildProcess | undefined): boolean {
  const own = groupOf('self')
  return child?.pid === undefined || own === groupOf(child.pid)
}

/** proc(5): pgrp; undefined for a process that has ended. */
function groupOf(pid: number | 'self'): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT' && systemErrorCode(error) !== 'ESRCH') throw error
    return undefined
  }
}

/**
 * A process beside us that gets the signals to all processes of our group, and no others. It tells a signal to the group,
 * which the command gets as well, from one to this process alone: Node is not told who sent a signal.
 */
interface SignalWitness {
  /** Resolves when it has come so far that it notices signals. */
  readonly watching: Promise<void>
  /** Whether it got this signal since it was last asked. To be asked one after the other. */
  readonly saw: (signal: NodeJS.Signals) => Promise<boolean>
  readonly stop: () => void
}

/**
 * Says each signal, and answers each line. A shell runs the trap of a signal that came before the line first. It ends with
 * its input; a read that a signal interrupts is no end.
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

function startSignalWitness(signals: readonly NodeJS.Signals[]): SignalWitness {
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

/** Passes signals from this process to the command that it runs, unless the command has received them itself. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { systemErrorCode } from '../system-errors.js'
import { closeUninvitedDebugger } from '../uninvited-debugger.js'

/** Signals that end a program. */
const TERMINATING = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const
/** Signals with a meaning that the program defines. Others (window size, stop, continue) are meant for this process as well. */
const USER_DEFINED = ['SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const
const relayed = [...TERMINATING, ...USER_DEFINED] as const
export type RelayedSignal = (typeof relayed)[number]

const terminating: ReadonlySet<RelayedSignal> = new Set(TERMINATING)

/** The signals that came before the relay started. The launcher listens for SIGUSR1, because Node would open its debugger. */
export interface EarlySignals {
  /** Stops the launcher's listener, and returns the signals that came. */
  readonly take: () => readonly 'SIGUSR1'[]
}

export interface SignalRelay {
  /** Resolves when signals to the process group can be distinguished from signals to this process. */
  readonly ready: Promise<void>
  /** Sends terminating signals to this process, which mounts the image before the command starts. */
  readonly to: (child: ChildProcess) => void
  /** Call when the mounting process has become the command. It then gets all signals, including those received earlier. */
  readonly commandStarted: () => void
  /** The first terminating signal, if one came. */
  readonly received: () => RelayedSignal | undefined
  readonly stop: () => void
}

/** The milliseconds after which a signal to a process group has reached all of its processes. */
const GROUP_SIGNAL_MS = 20
/** The milliseconds after which a signal that was rejected is sent again. */
const RETRY_MS = 20

export function startSignalRelay(early: EarlySignals): SignalRelay {
  const monitor = startGroupMonitor(relayed)
  let child: ChildProcess | undefined
  let started = false
  let first: RelayedSignal | undefined
  let pending: RelayedSignal[] = []
  let previous = Promise.resolve()

  const onSignal = (signal: RelayedSignal): void => {
    if (terminating.has(signal)) first ??= signal
    previous = previous.then(() => pass(signal))
  }

  async function pass(signal: RelayedSignal): Promise<void> {
    await setTimeout(GROUP_SIGNAL_MS)
    const isForGroup = (await monitor.received(signal)) && isInOurGroup(child)
    if (isForGroup && !started) first ??= signal // the mounting program has received it
    if (isForGroup) return
    if (started || terminating.has(signal)) deliver(signal, child)
    else pending.push(signal)
  }

  for (const signal of relayed) process.on(signal, onSignal)
  for (const signal of [...early.take(), ...signalsTakenByDebugger()]) onSignal(signal)
  return {
    ready: monitor.ready,
    to: (next) => {
      child = next
    },
    commandStarted: () => {
      started = true
      for (const signal of [...pending, ...signalsTakenByDebugger()]) deliver(signal, child)
      pending = []
    },
    received: () => first,
    stop: () => {
      for (const signal of relayed) process.off(signal, onSignal)
      monitor.stop()
    },
  }
}

/** The SIGUSR1 that came while Node started, if one did: it has opened Node's debugger, which is closed again. */
function signalsTakenByDebugger(): readonly 'SIGUSR1'[] {
  return closeUninvitedDebugger() ? ['SIGUSR1'] : []
}

/** A setuid program rejects our signals (EPERM) until it runs as the user again. Then the signal is sent again. */
function deliver(signal: RelayedSignal, child: ChildProcess | undefined): void {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(child.pid, signal)
  } catch (error) {
    if (systemErrorCode(error) !== 'EPERM') throw error
    void setTimeout(RETRY_MS).then(() => deliver(signal, child))
  }
}

/** Whether a process is in our process group. An interactive shell, for example, creates its own. */
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
 * A helper process that receives only the signals to our process group. It distinguishes a signal to the group, which the
 * command receives as well, from a signal to this process only. Node itself cannot distinguish them.
 */
interface GroupMonitor {
  /** Resolves when the helper has set its signal handlers. */
  readonly ready: Promise<void>
  /** Whether the helper has received this signal since the last call. Wait for one call before the next. */
  readonly received: (signal: NodeJS.Signals) => Promise<boolean>
  readonly stop: () => void
}

/**
 * Prints the name of each signal, and a line `ready` for each line of input. A shell runs the trap of an earlier signal before it answers.
 * The script exits at the end of its input. A `read` that a signal has interrupted is not the end.
 */
function monitorScript(signals: readonly NodeJS.Signals[]): string {
  const traps = signals.map((signal) => `trap 'echo ${signal}; came=1' ${signal.slice('SIG'.length)}`)
  return [
    ...traps,
    'echo ready',
    'while :; do',
    '  came=',
    '  if read -r line; then echo ready; elif [ -z "$came" ]; then exit 0; fi',
    'done',
  ].join('\n')
}

function startGroupMonitor(signals: readonly NodeJS.Signals[]): GroupMonitor {
  const child = spawn('/bin/sh', ['-c', monitorScript(signals)], { stdio: ['pipe', 'pipe', 'ignore'] })
  const received = new Set<string>()
  const waiting: (() => void)[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') waiting.shift()?.()
    else received.add(line)
  })
  const gone = new Promise<void>((done) => {
    child.once('error', () => done())
    // A signal before the traps were set has ended the helper.
    child.once('exit', (_code, signal) => {
      if (signal !== null) received.add(signal)
      done()
    })
  })
  child.stdin.on('error', () => {}) // the helper has ended: see `gone`
  const answer = (): Promise<void> => Promise.race([new Promise<void>((done) => waiting.push(done)), gone])
  return {
    ready: answer(),
    received: async (signal) => {
      child.stdin.write('\n')
      await answer()
      return received.delete(signal)
    },
    stop: () => end(child),
  }
}

function end(child: ChildProcess): void {
  child.kill('SIGKILL')
  child.unref()
}

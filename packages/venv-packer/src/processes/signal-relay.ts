/** Passes the signals that this process gets on to the command that it runs, except where the command got them as well. */
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { systemErrorCode } from '../errors/system-errors.js'

/** What ends a program, or tells it something. The others (window size, stop, continue) mean this process as well. */
const relayed = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const
export type RelayedSignal = (typeof relayed)[number]

/** The terminal's keys send these to all processes in the foreground, and to the command with them. */
const fromKeys: ReadonlySet<RelayedSignal> = new Set(['SIGINT', 'SIGQUIT'])

export interface SignalRelay {
  /** From now on signals go to this process. */
  readonly to: (child: ChildProcess) => void
  /** The first signal that came, if one did. */
  readonly received: () => RelayedSignal | undefined
  readonly stop: () => void
}

export function startSignalRelay(): SignalRelay {
  let child: ChildProcess | undefined
  let first: RelayedSignal | undefined
  const onSignal = (signal: RelayedSignal): void => {
    first ??= signal
    if (!fromKeys.has(signal) || !inForeground()) deliver(signal, child)
  }
  for (const signal of relayed) process.on(signal, onSignal)
  return {
    to: (next) => {
      child = next
    },
    received: () => first,
    stop: () => {
      for (const signal of relayed) process.off(signal, onSignal)
    },
  }
}

/** A setuid program takes no signal of ours until it is the user's process again: so once more, a moment later. */
function deliver(signal: RelayedSignal, child: ChildProcess | undefined): void {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(child.pid, signal)
  } catch (error) {
    if (systemErrorCode(error) !== 'EPERM') throw error
    setTimeout(deliver, 20, signal, child)
  }
}

/** Whether this process is among those that the keys of its terminal reach (proc(5): pgrp, tty_nr and tpgid). */
function inForeground(): boolean {
  const stat = readFileSync('/proc/self/stat', 'latin1')
  const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return terminal !== '0' && group === foreground
}

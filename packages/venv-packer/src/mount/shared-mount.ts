/**
 * A mount that several runs use: the first mounts, and the last unmounts. Locks of the kernel count them, so that a run that
 * was killed is not counted any more.
 *
 * Each user holds a shared lock on the directory above the mount point. A run that mounts or unmounts holds the lock of a
 * file there meanwhile, so that no run comes or goes in between.
 */
import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemErrorCode } from '../system-errors.js'
import type { SharedPlan } from './methods.js'
import { mountedAt } from './mount-point.js'
import { inOneLine, runProgram } from './run-mounted.js'
import type { SignalRelay } from './signal-relay.js'

export type SharedMount =
  | { readonly mounted: false; readonly reason: string }
  | {
      readonly mounted: true
      /** Gives the mount back; the result is the error of an unmount that failed. */
      readonly release: () => Promise<string | undefined>
    }

/** Mounts the image as planned, or uses the mount that is there. A signal ends the waiting. */
export async function shareMount(plan: SharedPlan, relay: SignalRelay): Promise<SharedMount> {
  const directory = dirname(plan.point)
  const gate = await open(join(directory, 'lock'), 'a', 0o600)
  const users = await open(directory)
  const close = async (): Promise<void> => {
    await users.close()
    await gate.close()
  }
  try {
    const reason = await enter(plan, gate, users, relay)
    if (reason !== undefined) {
      await close()
      return { mounted: false, reason }
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    mounted: true,
    release: async () => {
      try {
        return await leave(plan, gate, users)
      } finally {
        await close()
      }
    },
  }
}

/** Gives a reason where it is not mounted in the end. */
async function enter(
  plan: SharedPlan,
  gate: FileHandle,
  users: FileHandle,
  relay: SignalRelay,
): Promise<string | undefined> {
  if (!(await lock(plan, '--exclusive', gate, relay))) return NOT_LOCKED
  try {
    const reason = await mountIfNeeded(plan, relay)
    if (reason !== undefined) return reason
    return (await lock(plan, '--shared', users, relay)) ? undefined : NOT_LOCKED
  } finally {
    await lock(plan, '--unlock', gate)
  }
}

const NOT_LOCKED = 'the lock of its directory could not be had'

async function mountIfNeeded(plan: SharedPlan, relay: SignalRelay): Promise<string | undefined> {
  const source = await mountedAt(plan.point)
  if (source !== undefined && source !== plan.source) return `something else is mounted at ${plan.point}`
  if (source !== undefined) {
    if (await answers(plan.point)) return undefined
    await runProgram(plan.unmount)
  }
  const { exitCode, said } = await runProgram(plan.mount, { relay })
  if (exitCode === 0) return undefined
  // Where a signal ended it, there may be a mount or not.
  if ((await mountedAt(plan.point)) !== undefined) await runProgram(plan.unmount)
  return inOneLine(said)
}

/** Whether the daemon behind a mount is alive. */
async function answers(point: string): Promise<boolean> {
  try {
    await stat(point)
    return true
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return false
  }
}

async function leave(plan: SharedPlan, gate: FileHandle, users: FileHandle): Promise<string | undefined> {
  await lock(plan, '--exclusive', gate)
  // Only where no one else has a lock; if it is not given, the shared one is gone as well.
  if (!(await lock(plan, '--nonblock', users))) return undefined
  const { exitCode, said } = await runProgram(plan.unmount)
  return exitCode === 0 ? undefined : inOneLine(said)
}

/** A lock belongs to the open file, which flock(1) inherits: it stays when that has ended, until the file is closed. */
async function lock(
  { flock }: SharedPlan,
  kind: '--exclusive' | '--shared' | '--nonblock' | '--unlock',
  file: FileHandle,
  relay?: SignalRelay,
): Promise<boolean> {
  const { exitCode } = await runProgram([flock, kind, '3'], { relay, file: file.fd })
  return exitCode === 0
}

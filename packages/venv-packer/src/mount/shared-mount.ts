/**
 * Shares a mount between runs: the first run mounts, and the last one unmounts. Kernel locks (flock) count the runs, because the
 * kernel releases the lock of a run that was killed.
 *
 * Every run holds a shared lock on the directory above the mount point. While a run mounts or unmounts, it also holds an exclusive
 * lock on a file there, so that no other run starts or ends in between.
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
      /** Ends the use of the mount. Resolves with a message if unmounting failed. */
      readonly release: () => Promise<string | undefined>
    }

/** Mounts the image as planned, or uses the existing mount. A signal ends the wait for a lock. */
export async function shareMount(plan: SharedPlan, relay: SignalRelay): Promise<SharedMount> {
  const directory = dirname(plan.point)
  const mountLock = await open(join(directory, 'lock'), 'a', 0o600)
  const usersLock = await open(directory)
  const close = async (): Promise<void> => {
    await usersLock.close()
    await mountLock.close()
  }
  try {
    const reason = await startUsing(plan, mountLock, usersLock, relay)
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
        return await stopUsing(plan, mountLock, usersLock)
      } finally {
        await close()
      }
    },
  }
}

/** Resolves with a reason if the image could not be mounted. */
async function startUsing(
  plan: SharedPlan,
  mountLock: FileHandle,
  usersLock: FileHandle,
  relay: SignalRelay,
): Promise<string | undefined> {
  if (!(await lock(plan, '--exclusive', mountLock, relay))) return NOT_LOCKED
  try {
    const reason = await mountIfNeeded(plan, relay)
    if (reason !== undefined) return reason
    return (await lock(plan, '--shared', usersLock, relay)) ? undefined : NOT_LOCKED
  } finally {
    await lock(plan, '--unlock', mountLock)
  }
}

const NOT_LOCKED = 'its directory could not be locked'

async function mountIfNeeded(plan: SharedPlan, relay: SignalRelay): Promise<string | undefined> {
  const source = await mountedAt(plan.point)
  if (source !== undefined && source !== plan.source) return `something else is mounted at ${plan.point}`
  if (source !== undefined) {
    if (await isDaemonAlive(plan.point)) return undefined
    await runProgram(plan.unmount)
  }
  const { exitCode, output } = await runProgram(plan.mount, { relay })
  if (exitCode === 0) return undefined
  // A signal may have ended the program after it had mounted the image.
  if ((await mountedAt(plan.point)) !== undefined) await runProgram(plan.unmount)
  return inOneLine(output)
}

/** Whether the daemon of a FUSE mount still runs. */
async function isDaemonAlive(point: string): Promise<boolean> {
  try {
    await stat(point)
    return true
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return false
  }
}

async function stopUsing(
  plan: SharedPlan,
  mountLock: FileHandle,
  usersLock: FileHandle,
): Promise<string | undefined> {
  await lock(plan, '--exclusive', mountLock)
  // This succeeds only if no other run holds a lock. If it fails, our shared lock is released as well.
  if (!(await lock(plan, '--nonblock', usersLock))) return undefined
  const { exitCode, output } = await runProgram(plan.unmount)
  return exitCode === 0 ? undefined : inOneLine(output)
}

/** A lock belongs to the open file, which flock(1) inherits. It stays after flock(1) has ended, until this process closes the file. */
async function lock(
  { flock }: SharedPlan,
  kind: '--exclusive' | '--shared' | '--nonblock' | '--unlock',
  file: FileHandle,
  relay?: SignalRelay,
): Promise<boolean> {
  const { exitCode } = await runProgram([flock, kind, '3'], { relay, file: file.fd })
  return exitCode === 0
}

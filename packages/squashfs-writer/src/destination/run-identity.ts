/**
 * Run identity: which process wrote a file, so that another one can tell whether it has ended.
 *
 * A process is known by the kernel that it runs on (its boot id), its pid namespace, its pid, and its start time, since
 * pids are given again. Only the same kernel in the same namespace can judge: a pid of another node, of a container or of
 * the time before a reboot says nothing here. Locks would tell as well, but how far they reach on Lustre, BeeGFS and NFS
 * depends on how these are mounted: some are local to a node, some are refused.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'

export interface Run {
  /** The kernel and the pid namespace, as 12 hexadecimal digits. */
  readonly place: string
  readonly pid: number
  /** In the kernel's clock ticks since its start. */
  readonly started: string
}

/** This process. Where the system does not tell, its place is one that no other run has: no one judges it then. */
export async function thisRun(): Promise<Run> {
  try {
    const [boot, namespace, { pid, started }] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
      readlink('/proc/self/ns/pid'),
      processStatus('self'),
    ])
    if (pid !== process.pid) return unknownRun() // the /proc of another namespace
    const place = createHash('sha256').update(`${boot} ${namespace}`).digest('hex').slice(0, 12)
    return { place, pid, started }
  } catch {
    return unknownRun()
  }
}

/** Whether a run in the same place as this process has ended for sure. In doubt it has not. */
export async function hasEnded({ pid, started }: Run): Promise<boolean> {
  if (!isInUse(pid)) return true
  try {
    const now = await processStatus(pid)
    return now.started !== started || now.state === 'Z' || now.state === 'X'
  } catch {
    return false
  }
}

/** Asked by a signal that is never sent: unlike /proc, where others' processes may be hidden, it tells of all. */
function isInUse(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

function unknownRun(): Run {
  return { place: randomBytes(6).toString('hex'), pid: process.pid, started: '0' }
}

/** See proc_pid_stat(5): pid (name) state ..., the start time as field 22; the name may hold blanks and brackets. */
async function processStatus(pid: number | 'self'): Promise<{ pid: number; state: string; started: string }> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1')
  const [state = '', ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { pid: Number.parseInt(text, 10), state, started: rest[18] ?? '' }
}

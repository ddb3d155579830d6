/**
 * Partial file: an incomplete image beside its destination. Its name says which run writes it, so that a later run can check
 * whether that run has ended, and remove the file.
 *
 * A run is identified by its kernel (the boot id), pid namespace, pid and start time, since pids are reused. Only a process of
 * the same kernel and namespace can check a pid: it says nothing about other nodes, other containers or the time before a
 * reboot. Locks are not used: on Lustre, BeeGFS and NFS it depends on the mount options whether they are local to a node, or
 * refused.
 */
import { createHash, randomBytes } from 'node:crypto'
import { lstat, readdir, readFile, readlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Keeps the whole name below the 255 bytes that filesystems allow. */
const LONGEST_STEM = 180

/** A new name for a partial file of an image, such as `.venv.squashfs.3f9a2c1b7d4e-4711-883726-0badcafe.partial`. */
export function partialName(image: string, { place, pid, started }: Run): string {
  return `${stem(image)}${place}-${pid}-${started}-${randomBytes(4).toString('hex')}.partial`
}

/** The run that created the file of this name; null if it is not a partial file of this image. */
export function makerOf(name: string, image: string): Run | null {
  const start = stem(image)
  if (!name.startsWith(start)) return null
  const found = /^([0-9a-f]{12})-([1-9]\d{0,9})-(\d+)-[0-9a-f]{8}\.partial$/.exec(name.slice(start.length))
  return found && { place: found[1]!, pid: Number(found[2]), started: found[3]! }
}

/**
 * Removes the partial files of an image from runs of this user that were killed (SIGKILL, out of memory). Never fails: a file
 * that cannot be checked or removed stays.
 */
export async function removeLeftovers(directory: string, image: string, run: Run): Promise<void> {
  const names = await readdir(directory).catch(() => [])
  for (const name of names) {
    const maker = makerOf(name, image)
    if (maker?.place === run.place && (await hasEnded(maker)))
      await removeOwn(join(directory, name)).catch(() => {})
  }
}

async function removeOwn(file: string): Promise<void> {
  const found = await lstat(file)
  if (found.isFile() && found.uid === process.geteuid?.()) await unlink(file)
}

/** The part of the name that identifies the image. */
function stem(image: string): string {
  const bytes = Buffer.from(image)
  // A character that is truncated becomes U+FFFD.
  const shown = bytes.length <= LONGEST_STEM ? image : bytes.toString('utf8', 0, LONGEST_STEM)
  return `.${shown}.`
}

export interface Run {
  /** The kernel and the pid namespace, as 12 hexadecimal digits. */
  readonly place: string
  readonly pid: number
  /** Start time in clock ticks since the boot. */
  readonly started: string
}

/** The current run. Without /proc its place is random, so that no other run can check it. */
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

/** Whether a run in the same place as this process has certainly ended. */
export async function hasEnded({ pid, started }: Run): Promise<boolean> {
  if (!isInUse(pid)) return true
  try {
    const now = await processStatus(pid)
    return now.started !== started || now.state === 'Z' || now.state === 'X'
  } catch {
    return false
  }
}

/** Sends signal 0, since /proc may hide the processes of other users. */
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

/** Reads /proc/PID/stat, see proc_pid_stat(5): pid (name) state ..., the start time is field 22. The name may contain spaces and parentheses. */
async function processStatus(pid: number | 'self'): Promise<{ pid: number; state: string; started: string }> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1')
  const [state = '', ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { pid: Number.parseInt(text, 10), state, started: rest[18] ?? '' }
}

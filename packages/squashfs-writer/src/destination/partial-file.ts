/**
 * Partial file: an image in the making, beside its destination, under a name that says which run makes it. Another run can
 * then tell whether the first has ended, and remove what it left.
 *
 * A process is identified by the kernel that it runs on (its boot id), its pid namespace, its pid, and its start time, since
 * pids are given again. Only the same kernel in the same namespace can judge: a pid of another node, of a container or of
 * the time before a reboot says nothing here. Locks would tell as well, but how far they reach on Lustre, BeeGFS and NFS
 * depends on how these are mounted: some are local to a node, some are refused.
 */
import { createHash, randomBytes } from 'node:crypto'
import { lstat, readdir, readFile, readlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** So that the whole name stays below the 255 bytes that filesystems allow. */
const LONGEST_STEM = 180

/** A new name for a partial file of the image, as `.venv.squashfs.3f9a2c1b7d4e-4711-883726-0badcafe.partial`. */
export function partialName(image: string, { place, pid, started }: Run): string {
  return `${stem(image)}${place}-${pid}-${started}-${randomBytes(4).toString('hex')}.partial`
}

/** The run that made the file of this name; null when it is not the name of a partial file of this image. */
export function makerOf(name: string, image: string): Run | null {
  const start = stem(image)
  if (!name.startsWith(start)) return null
  const found = /^([0-9a-f]{12})-([1-9]\d{0,9})-(\d+)-[0-9a-f]{8}\.partial$/.exec(name.slice(start.length))
  return found && { place: found[1]!, pid: Number(found[2]), started: found[3]! }
}

/**
 * Removes the partial files of an image that were left by runs of this user which have ended without being able to
 * (SIGKILL, no memory). Never fails: a file that cannot be judged or removed stays.
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

/** The part that says of which image it is. */
function stem(image: string): string {
  const bytes = Buffer.from(image)
  // A character that is cut in the middle becomes U+FFFD.
  const shown = bytes.length <= LONGEST_STEM ? image : bytes.toString('utf8', 0, LONGEST_STEM)
  return `.${shown}.`
}

export interface Run {
  /** The kernel and the pid namespace, as 12 hexadecimal digits. */
  readonly place: string
  readonly pid: number
  /** In the kernel's clock ticks since its start. */
  readonly started: string
}

/** This process. Without /proc its place is random, so that no other run can judge it. */
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

/** Tested by signal 0: unlike /proc, where others' processes may be hidden, it answers for all. */
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

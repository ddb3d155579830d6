/**
 * Chooses the mount point of an image that works anywhere. It is the same for a user and an image, each time and on every node,
 * because programs store such paths (caches, Jupyter kernels), and the ranks of a job compare theirs.
 */
import { createHash } from 'node:crypto'
import { access, constants, lstat, mkdir, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { EXIT_CODES, Failure } from '../failure.js'
import { messageOf, systemErrorCode } from '../system-errors.js'
import { sourceOf } from './methods.js'
import { mountedAt } from './mount-point.js'

/** An image: its name, and the file that has this name now. */
export interface NamedImage {
  /** Absolute. */
  readonly path: string
  /** The identity that {@link sharedIdentity} returns. */
  readonly identity: string
}

/**
 * The identity by which runs decide whether to share a mount: the file, and the job step. A batch system kills the daemon of a mount
 * at the end of the step that started it.
 * @param identity the same for all hard links of a file.
 */
export function sharedIdentity(identity: string, env: NodeJS.ProcessEnv): string {
  const { SLURM_JOB_ID, SLURM_STEP_ID, PBS_JOBID } = env
  return [identity, SLURM_JOB_ID, SLURM_STEP_ID, PBS_JOBID]
    .flatMap((part) => part?.replace(/[^\w.:-]/g, '_') || [])
    .join(':')
}

export interface OwnDirectories {
  /** For a mount that only the command sees. */
  readonly point: string
  /** For a mount that other processes see. It differs from `point` if another file, or another job's mount, is mounted there. */
  readonly shared: string
}

/**
 * Chooses the directories. They are not removed when the command has ended: removing a mount point makes the kernel unmount it in
 * all namespaces, also in that of a server that the command has left running.
 * @param make whether to make them; otherwise only check that they could be made.
 */
export async function ownDirectories(
  image: NamedImage,
  env: NodeJS.ProcessEnv,
  make: boolean,
): Promise<OwnDirectories> {
  const [byName, byFile] = await directoryNames(image)
  let problem: unknown
  for (const base of baseDirectories(env)) {
    try {
      await (make ? makeBase(base) : requireUsable(base))
      const point = join(base, byName)
      const shared = (await isFree(point, image)) ? point : join(base, byFile)
      if (make) for (const directory of new Set([point, shared])) await makeInside(directory)
      return { point, shared }
    } catch (error) {
      if (!(error instanceof Unusable) && systemErrorCode(error) === undefined) throw error
      problem = error
    }
  }
  const reason = problem === undefined ? 'no path without a colon is known' : messageOf(problem)
  throw new Failure(
    'NO_MOUNT_POINT',
    `no directory to mount the image at could be made: ${reason}`,
    'Set TMPDIR to a directory that you may write to, or mount the image at one that is there with --at.',
    {
      systemCode: systemErrorCode(problem),
      exitCode: EXIT_CODES.commandNotStarted,
      fix: { before: 'TMPDIR="$HOME"' },
      cause: problem,
    },
  )
}

/** `/tmp` comes first, because every node has it. The variables can differ between a login session, a job and its ranks. */
function baseDirectories(env: NodeJS.ProcessEnv): readonly string[] {
  const parents = ['/tmp', env.XDG_RUNTIME_DIR ?? '', tmpdir()]
  // A path with a colon could not be a part of PATH.
  const usable = parents.filter((parent) => parent.startsWith('/') && !parent.includes(':'))
  return [...new Set(usable)].map((parent) => join(parent, `venv-packer-${process.getuid?.() ?? 0}`))
}

/** Two relative paths: one for the name of the image, and one for this file and job, in case the first is occupied. */
async function directoryNames({
  path,
  identity,
}: NamedImage): Promise<readonly [byName: string, byFile: string]> {
  const named = join(await realpath(dirname(path)), basename(path))
  const plain = basename(path, '.squashfs')
    .replace(/[^\w.-]/g, '_')
    .slice(0, 100)
  const name = /^\.*$/.test(plain) ? 'image' : plain
  const place = (text: string) => join(createHash('sha256').update(text).digest('hex').slice(0, 12), name)
  return [place(named), place(`${named}\n${identity}`)]
}

/** Whether nothing but this image is mounted there. An old image stays mounted by squashfuse as long as a run uses it. */
async function isFree(directory: string, { identity }: NamedImage): Promise<boolean> {
  const source = await mountedAt(directory).catch(ifMissing)
  return source === undefined || source === sourceOf(identity)
}

function ifMissing(error: unknown): undefined {
  if (systemErrorCode(error) !== 'ENOENT') throw error
}

async function makeBase(base: string): Promise<void> {
  await makeDirectory(base)
  await requireUsable(base)
}

async function makeInside(directory: string): Promise<void> {
  await makeDirectory(dirname(directory))
  await makeDirectory(directory)
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
  }
}

/** In `/tmp` any user could have made a directory of this name. Throws unless it is ours, or could be made. */
async function requireUsable(base: string): Promise<void> {
  try {
    const found = await lstat(base)
    if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0)
      throw new Unusable(`${base} is not a directory of yours that only you may write to`)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error
    await access(dirname(base), constants.W_OK | constants.X_OK)
  }
}

class Unusable extends Error {
  override readonly name = 'Unusable'
}

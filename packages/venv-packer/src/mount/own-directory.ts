/**
 * The directory at which an image is mounted that works anywhere: the same one for a user and an image, each time and on
 * every node. Programs keep such a path (in caches, in Jupyter kernels), and the ranks of a job compare theirs.
 */
import { createHash } from 'node:crypto'
import { access, constants, lstat, mkdir, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { EXIT_CODES, Failure } from '../failure.js'
import { messageOf, systemErrorCode } from '../system-errors.js'
import { sourceOf } from './methods.js'
import { mountedAt } from './mount-point.js'

/** An image by its name, and by the file that has this name now. */
export interface NamedImage {
  /** Absolute. */
  readonly path: string
  /** Of {@link sharedIdentity}. */
  readonly identity: string
}

/**
 * The identity that runs share which use one mount: the file, and the step of a job, since a batch system ends the daemon behind a mount
 * together with the step that it was started in.
 * @param identity the same for all names of one file.
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
  /** For one that others see: the same, unless another file, or the mount of another job, shows there now. */
  readonly shared: string
}

/**
 * Chooses the directories. They stay there, empty, when the command has ended: where one is removed, the kernel takes
 * away what is mounted at it in any namespace, also under a server that the command left running.
 * @param make whether they are made; otherwise it is only checked that they could be.
 */
export async function ownDirectories(
  image: NamedImage,
  env: NodeJS.ProcessEnv,
  make: boolean,
): Promise<OwnDirectories> {
  const [usual, other] = await placesFor(image)
  let problem: unknown
  for (const home of homes(env)) {
    try {
      await (make ? makeHome(home) : requireUsable(home))
      const point = join(home, usual)
      const shared = (await isFree(point, image)) ? point : join(home, other)
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

/** `/tmp` comes first: every node has it, and the variables differ between a login, a job and its ranks. */
function homes(env: NodeJS.ProcessEnv): readonly string[] {
  const parents = ['/tmp', env.XDG_RUNTIME_DIR ?? '', tmpdir()]
  // A path with a colon could not be a part of PATH.
  const usable = parents.filter((parent) => parent.startsWith('/') && !parent.includes(':'))
  return [...new Set(usable)].map((parent) => join(parent, `venv-packer-${process.getuid?.() ?? 0}`))
}

/** The place for an image of this name, and one for this very file and job, should something else show at the first. */
async function placesFor({ path, identity }: NamedImage): Promise<readonly [usual: string, other: string]> {
  const named = join(await realpath(dirname(path)), basename(path))
  const plain = basename(path, '.squashfs')
    .replace(/[^\w.-]/g, '_')
    .slice(0, 100)
  const name = /^\.*$/.test(plain) ? 'image' : plain
  const place = (text: string) => join(createHash('sha256').update(text).digest('hex').slice(0, 12), name)
  return [place(named), place(`${named}\n${identity}`)]
}

/** Whether nothing else shows there: squashfuse shows an old image as long as a run uses it. */
async function isFree(directory: string, { identity }: NamedImage): Promise<boolean> {
  const source = await mountedAt(directory).catch(ifMissing)
  return source === undefined || source === sourceOf(identity)
}

function ifMissing(error: unknown): undefined {
  if (systemErrorCode(error) !== 'ENOENT') throw error
}

async function makeHome(home: string): Promise<void> {
  await makeDirectory(home)
  await requireUsable(home)
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

/** Anyone may make a directory of this name in `/tmp`, and put files of their own into it. */
async function requireUsable(home: string): Promise<void> {
  try {
    const found = await lstat(home)
    if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0)
      throw new Unusable(`${home} is not a directory of yours that only you may write to`)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error
    await access(dirname(home), constants.W_OK | constants.X_OK)
  }
}

class Unusable extends Error {
  override readonly name = 'Unusable'
}

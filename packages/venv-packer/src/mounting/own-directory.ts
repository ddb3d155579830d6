/**
 * The directory at which an image is mounted that works anywhere: the same one for a user and an image, each time and on
 * every node. Programs keep such a path (in caches, in Jupyter kernels), and the ranks of a job compare theirs.
 */
import { createHash } from 'node:crypto'
import { access, constants, lstat, mkdir, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { Failure } from '../errors/failure.js'
import { systemErrorCode } from '../errors/system-errors.js'
import { exitCodes } from '../exit-codes.js'
import { mountedAt } from './mounted-at.js'
import { sourceOf } from './squashfuse.js'

/** An image by its name, and by the file that has this name now. */
export interface NamedImage {
  /** Absolute. */
  readonly path: string
  /** The same for all names of one file. */
  readonly identity: string
}

/**
 * Chooses the directory. It stays there, empty, when the command has ended: where a directory is removed, the kernel takes
 * away what is mounted at it in any namespace, also under a server that the command left running.
 * @param make whether it is made; otherwise it is only checked that it could be.
 */
export async function ownDirectory(
  image: NamedImage,
  env: NodeJS.ProcessEnv,
  make: boolean,
): Promise<string> {
  const places = await placesFor(image)
  let problem: unknown
  for (const home of homes(env)) {
    try {
      await (make ? makeHome(home) : requireUsable(home))
      const directory = await firstFree(
        places.map((place) => join(home, place)),
        image,
      )
      if (make) await makeInside(directory)
      return directory
    } catch (error) {
      if (!(error instanceof Unusable) && systemErrorCode(error) === undefined) throw error
      problem = error
    }
  }
  const reason = problem instanceof Error ? problem.message : 'no path without a colon is known'
  throw new Failure(
    'NO_MOUNT_POINT',
    `no directory to mount the image at could be made: ${reason}`,
    'Set TMPDIR to a directory that you may write to, or mount the image at one that is there with --at.',
    { systemCode: systemErrorCode(problem), exitCode: exitCodes.commandNotStarted, cause: problem },
  )
}

/** `/tmp` comes first: every node has it, and the variables differ between a login, a job and its ranks. */
function homes(env: NodeJS.ProcessEnv): readonly string[] {
  const parents = ['/tmp', env.XDG_RUNTIME_DIR ?? '', tmpdir()]
  // A path with a colon could not be a part of PATH.
  const usable = parents.filter((parent) => parent.startsWith('/') && !parent.includes(':'))
  return [...new Set(usable)].map((parent) => join(parent, `venv-packer-${process.getuid?.() ?? 0}`))
}

/** The place for an image of this name, and one for this very file, should the name's place be in use. */
async function placesFor({ path, identity }: NamedImage): Promise<readonly string[]> {
  const named = join(await realpath(dirname(path)), basename(path))
  const plain = basename(path, '.squashfs')
    .replace(/[^\w.-]/g, '_')
    .slice(0, 100)
  const name = /^\.*$/.test(plain) ? 'image' : plain
  return [named, `${named}\n${identity}`].map((text) =>
    join(createHash('sha256').update(text).digest('hex').slice(0, 12), name),
  )
}

/** The first directory at which no other file is mounted: squashfuse shows an old image there as long as a run uses it. */
async function firstFree(directories: readonly string[], { identity }: NamedImage): Promise<string> {
  for (const directory of directories) {
    const source = await mountedAt(directory).catch(ifMissing)
    if (source === undefined || source === sourceOf(identity)) return directory
  }
  throw new Unusable(`something is mounted at ${directories.join(' and ')}`)
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

/** Anyone may make a directory of this name in `/tmp`, and put into it what is not ours. */
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

/** Makes the directory for a new environment, in memory if there is enough space, and removes it in every case. */
import { constants, rmSync } from 'node:fs'
import { access, mkdtemp, realpath, rm, stat, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemFailure } from '../../system-errors.js'

/** Calls the function with the path of an empty directory, removes the directory with its content, and returns the result. */
export async function withWorkDirectory<T>(
  typed: string | undefined,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = await makeDirectory(typed ?? (await defaultParent()))
  // A second Ctrl-C ends the process at once. The files would stay in memory.
  const removeAtOnce = () => rmSync(directory, { recursive: true, force: true })
  process.once('exit', removeAtOnce)
  try {
    return await use(directory)
  } finally {
    await remove(directory)
    process.off('exit', removeAtOnce)
  }
}

const MEMORY = '/dev/shm'

/** Enough bytes for a large environment, and the temporary files that are needed to make it. */
const ENOUGH_BYTES = 8_000_000_000

async function defaultParent(): Promise<string> {
  return (await hasSpace(MEMORY)) ? MEMORY : tmpdir()
}

async function hasSpace(place: string): Promise<boolean> {
  try {
    const [found, { bavail, bsize }] = await Promise.all([stat(place), statfs(place)])
    await access(place, constants.W_OK | constants.X_OK)
    return found.isDirectory() && Math.min(bavail * bsize, process.availableMemory()) >= ENOUGH_BYTES
  } catch {
    return false // it does not exist, or may not be used: use the temporary directory
  }
}

/** Returns a path without symlinks: programs in the environment will see this path. */
async function makeDirectory(place: string): Promise<string> {
  try {
    return await mkdtemp(join(await realpath(place), 'venv-packer-'))
  } catch (error) {
    throw systemFailure('WORK_DIRECTORY', `no environment can be made in ${place}`, error, {
      path: place,
      remedy: 'Name a directory that you may write to with --work-dir.',
    })
  }
}

async function remove(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  } catch (error) {
    const remedy = `Remove it: rm -rf ${directory}`
    throw systemFailure('LEFTOVER', `${directory} could not be removed`, error, { path: directory, remedy })
  }
}

/** A folder to mount an image at for the time of one run. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../errors/failure.js'
import { systemErrorCode } from '../errors/system-errors.js'
import { exitCodes } from '../exit-codes.js'

/** Where such folders are made: what the session has for short-lived files, in memory and private; else the usual place. */
export function temporaryPlaces(env: NodeJS.ProcessEnv): readonly string[] {
  const runtime = env.XDG_RUNTIME_DIR
  return [...(runtime?.startsWith('/') ? [runtime] : []), tmpdir()].map((folder) =>
    join(folder, 'venv-packer-'),
  )
}

/** Makes a folder that no one else uses; the caller removes it. */
export async function makeTemporaryFolder(env: NodeJS.ProcessEnv): Promise<string> {
  let problem: unknown
  for (const place of temporaryPlaces(env)) {
    if (place.includes(':')) continue // it could not be a part of PATH
    try {
      return await mkdtemp(place)
    } catch (error) {
      problem = error
    }
  }
  const reason = problem instanceof Error ? problem.message : 'no path without a colon is known'
  throw new Failure(
    'NO_MOUNT_POINT',
    `no temporary folder to mount the image at could be made: ${reason}`,
    'Set TMPDIR to a folder that you may write to, or mount the image at a folder that is there with --at.',
    { systemCode: systemErrorCode(problem), exitCode: exitCodes.commandNotStarted, cause: problem },
  )
}

/** The interpreter of a packed environment: a link out of it, to what may not be there on this machine. */
import { access, constants } from 'node:fs/promises'
import type { ImageReader } from 'squashfs-writer/read'
import { exitCodes } from '../../exit-codes.js'
import { Failure, type FailureDetails } from '../../failure.js'
import { followMounted } from '../../mount/mounted-path.js'
import { systemErrorCode } from '../../system-errors.js'

/** Refuses an environment without its interpreter: a search of PATH would silently find another one. */
export async function requireInterpreter(image: ImageReader, point: string): Promise<void> {
  const python = await followMounted(image, point, `${point}/bin/python`)
  if (python.kind === 'nothing')
    throw noInterpreter('the environment has no interpreter: there is no bin/python')
  if (python.kind === 'inside') return
  try {
    await access(python.path, constants.X_OK)
  } catch (error) {
    const what = systemErrorCode(error) === 'EACCES' ? 'may not be run by you' : 'is not on this machine'
    const message = `the environment's interpreter, ${python.path}, ${what}`
    throw noInterpreter(message, { path: python.path, systemCode: systemErrorCode(error), cause: error })
  }
}

const remedy =
  'Make it available first (start its uenv, load its module), or pack a venv of an interpreter that is there.'

function noInterpreter(message: string, details: FailureDetails = {}): Failure {
  return new Failure('NO_INTERPRETER', message, remedy, {
    ...details,
    exitCode: exitCodes.commandNotStarted,
  })
}

/** Target directory: creates the directory into which an image is extracted, and directories below it. */
import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { ExtractError } from '../errors.js'
import { systemCode } from '../system-error.js'
import { type ByteString, toDisplay } from '../tree/byte-string.js'

/** Creates a directory, unless it exists. A symlink to a directory is an error. */
export function ensureDirectory(diskPath: Buffer): void {
  try {
    mkdirSync(diskPath, 0o700)
  } catch (error) {
    if (systemCode(error) !== 'EEXIST' || !lstatSync(diskPath).isDirectory()) throw error
  }
}

/** Creates the target directory, unless it exists. Returns its path after symlinks were followed, and whether it is new. */
export function openTargetDirectory(directory: ByteString): {
  readonly root: ByteString
  readonly isNew: boolean
} {
  const diskPath = Buffer.from(directory, 'latin1')
  let isNew = false
  try {
    try {
      mkdirSync(diskPath, 0o700)
      isNew = true
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error
    }
    const root = realpathSync.native(diskPath, { encoding: 'latin1' })
    if (!lstatSync(Buffer.from(root, 'latin1')).isDirectory())
      throw new ExtractError(toDisplay(directory), 'it is not a directory')
    return { root: root === '/' ? '' : root, isNew }
  } catch (cause) {
    if (cause instanceof ExtractError || !(cause instanceof Error) || systemCode(cause) === undefined)
      throw cause
    const reason =
      systemCode(cause) === 'ENOENT'
        ? 'the directory that it would be in does not exist'
        : `it cannot be used (${cause.message})`
    throw new ExtractError(toDisplay(directory), reason, cause)
  }
}

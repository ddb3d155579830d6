/** Target directories: the one that an image is extracted into, and those below it. */
import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { ExtractError } from '../errors.js'
import { systemCode } from '../system-error.js'
import { type ByteString, toDisplay } from '../tree/byte-string.js'

/** A directory that was there will do; a symlink to one will not. */
export function mkdirOrLook(place: Buffer): void {
  try {
    mkdirSync(place, 0o700)
  } catch (error) {
    if (systemCode(error) !== 'EEXIST' || !lstatSync(place).isDirectory()) throw error
  }
}

/** The directory that everything goes into, with its own symlinks followed, and whether it is new. */
export function enterTarget(directory: ByteString): { readonly root: ByteString; readonly made: boolean } {
  const place = Buffer.from(directory, 'latin1')
  let made = false
  try {
    try {
      mkdirSync(place, 0o700)
      made = true
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error
    }
    const root = realpathSync.native(place, { encoding: 'latin1' })
    if (!lstatSync(Buffer.from(root, 'latin1')).isDirectory())
      throw new ExtractError(toDisplay(directory), 'it is not a directory')
    return { root: root === '/' ? '' : root, made }
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

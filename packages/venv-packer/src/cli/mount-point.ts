/** Reads `--mount-point`, the same for every command: a relative path is one from here on, as with any other path. */
import { resolve } from 'node:path'
import { wrongUsage } from '../failure.js'

/** Absolute; symlinks are left as they are, since it may be a path on another machine. */
export function readMountPoint(text: string | undefined): string | undefined {
  if (text === '') throw wrongUsage('--mount-point is empty', 'Was a shell variable in it not set?')
  return text === undefined ? undefined : resolve(text)
}

/** Second name: another name for a file, by a hard link, or by a copy where there can be none. */
import { constants } from 'node:fs'
import { copyFile, link, open, rm, stat, utimes } from 'node:fs/promises'
import { systemErrorCode } from '../system-errors.js'

/** No hard links at all, none to others' files, none across project quotas, or too many of one file. */
const noHardLink: readonly (string | undefined)[] = [
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EXDEV',
  'EMLINK',
]

/** @throws the system's error, EEXIST among them: what is there under that name is never replaced. */
export async function giveSecondName(file: string, path: string): Promise<void> {
  try {
    await link(file, path)
  } catch (error) {
    if (!noHardLink.includes(systemErrorCode(error))) throw error
    await copy(file, path)
  }
}

/** A copy with the file's own date, safe on the disk. If the machine stops meanwhile it is shorter than it says of itself. */
async function copy(file: string, path: string): Promise<void> {
  await copyFile(file, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  try {
    const { atime, mtime } = await stat(file)
    await utimes(path, atime, mtime)
    const copied = await open(path, 'r')
    await copied.sync().finally(() => copied.close())
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

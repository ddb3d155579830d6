/**
 * Keeps previous images of a name under numbered names beside it, such as `venv.squashfs.3`.
 *
 * Numbers grow, and a number is not reused while a higher one exists: a job that names `venv.squashfs.3` gets that image or an
 * error, never a different image. The image name always exists: the old image gets a numbered name as a hard link, then the
 * new image replaces it by a rename. A run that stops between the two steps leaves one hard link too many and loses nothing.
 */

import { constants } from 'node:fs'
import { copyFile, link, open, readdir, rename, rm, stat, unlink, utimes } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncDirectory } from 'squashfs-writer/system'
import { Failure } from '../failure.js'
import { explainSystemError, messageOf, systemErrorCode, systemFailure } from '../system-errors.js'
import { shellWord } from '../terminal/printable.js'
import { type ImageFile, identityAt, imageFileAt } from './image-file.js'

export interface KeptImage extends ImageFile {
  readonly number: number
}

/** The kept images of an image, the newest first. Incomplete files and hard links of the image itself are left out. */
export async function keptImages(image: string): Promise<readonly KeptImage[]> {
  const present = await identityAt(image)
  const found = await Promise.all(
    (await numberedFiles(image)).map(async ({ path, number }) => {
      const file = await imageFileAt(path)
      return file === undefined || file.identity === present ? [] : [{ ...file, number }]
    }),
  )
  return found.flat()
}

/**
 * Gives the image a numbered name.
 * @returns the path of that name; undefined if there is no image.
 */
export async function keepImage(image: string): Promise<string | undefined> {
  for (;;) {
    const present = await identityAt(image)
    if (present === undefined) return undefined
    const [newest] = await numberedFiles(image)
    const isKept = newest !== undefined && (await identityAt(newest.path)) === present
    const path = isKept ? newest.path : await linkUnderNumber(image, (newest?.number ?? 0) + 1)
    // If another run has replaced the image meanwhile, keep that one as well.
    if ((await identityAt(image)) === present) return path
  }
}

export interface Removal {
  readonly removed: readonly string[]
  /** The images that could not be removed. */
  readonly remaining: readonly { readonly path: string; readonly message: string }[]
}

/**
 * Removes all kept images but the newest. Never throws, since the new image is in place already: the result lists images that
 * could not be removed. If the directory cannot be read, nothing is removed this time.
 * @param count how many to keep.
 */
export async function removeOldest(image: string, count: number): Promise<Removal> {
  const surplus = (await keptImages(image).catch(() => [])).slice(count)
  const outcomes = await Promise.all(surplus.map(async ({ path }) => ({ path, message: await remove(path) })))
  return {
    removed: outcomes.filter(({ message }) => message === undefined).map(({ path }) => path),
    remaining: outcomes.flatMap(({ path, message }) => (message === undefined ? [] : [{ path, message }])),
  }
}

/** Renames a kept image to the image's name. The file that has this name now loses it. */
export async function restoreImage(kept: KeptImage, image: string): Promise<void> {
  try {
    await rename(kept.path, image)
    await syncDirectory(dirname(image))
  } catch (error) {
    throw refused(`${image} cannot be replaced`, image, error)
  }
}

/** At most five digits, so that a copy with a date in its name (`venv.squashfs.20250131`) does not count. */
const KEPT_NUMBER = /^[1-9]\d{0,4}$/
const MAX_NUMBER = 99_999

/** All files with numbered names, the highest number first. */
async function numberedFiles(image: string): Promise<readonly { path: string; number: number }[]> {
  const [directory, start] = [dirname(image), `${basename(image)}.`]
  const names = await readdir(directory).catch((error: unknown) => {
    throw refused(`${directory} cannot be read`, directory, error)
  })
  const endings = names.filter((name) => name.startsWith(start)).map((name) => name.slice(start.length))
  return endings
    .filter((ending) => KEPT_NUMBER.test(ending))
    .map((ending) => ({ path: join(directory, start + ending), number: Number(ending) }))
    .sort((a, b) => b.number - a.number)
}

async function linkUnderNumber(image: string, number: number): Promise<string> {
  const path = `${image}.${number}`
  if (number > MAX_NUMBER) {
    const highest = `${image}.${MAX_NUMBER}`
    const remedy = `Give ${highest} a name without a number.`
    throw new Failure('DESTINATION', `${image} cannot be kept: there is no higher number`, remedy, {
      path: image,
      fix: { before: `mv -n ${shellWord(highest)} ${shellWord(`${image}.old`)} &&` },
    })
  }
  try {
    await linkOrCopy(image, path)
    await syncDirectory(dirname(image)) // so that the numbered name is on disk before the rename, also after a power failure
    return path
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return await linkUnderNumber(image, number + 1)
    throw refused(`${image} cannot be kept as ${basename(path)}, and was not replaced`, image, error)
  }
}

/** Returns a message if the file could not be removed. */
async function remove(path: string): Promise<string | undefined> {
  try {
    await unlink(path)
    return undefined
  } catch (error) {
    const code = systemErrorCode(error)
    return code === 'ENOENT' ? undefined : explainSystemError(code, messageOf(error)).message
  }
}

function refused(message: string, path: string, error: unknown): Failure {
  const remedy = REMEDIES[systemErrorCode(error) ?? ''] ?? CLOSED_DIRECTORY
  return systemFailure('DESTINATION', message, error, { path, remedy })
}

/** The remedy if the user may not write to the directory of an image. */
export const CLOSED_DIRECTORY = 'Get the rights to its directory, or do it as another user.'

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'Free some space there.',
  EDQUOT: 'Remove files that count towards your quota.',
  EROFS: 'Do it where the file system is writable.',
  ENAMETOOLONG: 'Give the image a shorter name.',
}

/** The errors if hard links are not possible: not supported, not to files of others, not across project quotas, or too many. */
const NO_HARD_LINK: readonly (string | undefined)[] = [
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EXDEV',
  'EMLINK',
]

/**
 * Makes a hard link, or a copy if hard links are not possible.
 * @throws the system error; EEXIST if `path` exists, which is never replaced.
 */
export async function linkOrCopy(file: string, path: string): Promise<void> {
  try {
    await link(file, path)
  } catch (error) {
    if (!NO_HARD_LINK.includes(systemErrorCode(error))) throw error
    await copy(file, path)
  }
}

/** Copies a file with its times, and flushes it. A copy that is cut off by a crash is shorter than its superblock says. */
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

/** The previous images that were kept and removed when a new one was put in place. */
export interface PreviousImages extends Removal {
  /** The numbered name of the image that was replaced; undefined if there was none. */
  readonly kept: string | undefined
}

export interface Keeper {
  /** Call when the new image is complete, before it is renamed. */
  readonly keep: (image: string) => Promise<void>
  /** Call when the new image is in place. Removes the oldest kept images. */
  readonly removeOldest: (image: string) => Promise<PreviousImages>
}

/** Keeps the image that is replaced, and removes the oldest kept images. */
export function createKeeper(maxKept: number): Keeper {
  let kept: string | undefined
  return {
    keep: async (image) => {
      kept = await keepImage(image)
    },
    removeOldest: async (image) => ({ kept, ...(await removeOldest(image, maxKept)) }),
  }
}

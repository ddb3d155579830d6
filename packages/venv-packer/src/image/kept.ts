/**
 * Kept images: the previous images of a name, beside it, each under that name and a number: `venv.squashfs.3`.
 *
 * A number only ever grows and is never given again while a higher one is there, so that a job that names
 * `venv.squashfs.3` gets that image or none, never another. The image's own name is never missing, not even for a moment:
 * the old image gets its number as a second name (a hard link), then the new one takes the first name from it by a
 * rename. A run that stops in between leaves one name too many and loses nothing.
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

/** The kept images of an image, the newest first. Only whole images count, and no further name of the image itself. */
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
 * Gives the image a number as its second name.
 * @returns the path of that name; undefined when there is no image.
 */
export async function keepImage(image: string): Promise<string | undefined> {
  for (;;) {
    const present = await identityAt(image)
    if (present === undefined) return undefined
    const [newest] = await numberedFiles(image)
    const isKept = newest !== undefined && (await identityAt(newest.path)) === present
    const path = isKept ? newest.path : await linkUnderNumber(image, (newest?.number ?? 0) + 1)
    // When another run has replaced the image meanwhile, that one is to be kept as well.
    if ((await identityAt(image)) === present) return path
  }
}

export interface Removal {
  readonly removed: readonly string[]
  /** The images that could not be removed, and why. */
  readonly remaining: readonly { readonly path: string; readonly message: string }[]
}

/**
 * Removes the oldest of the kept images beyond so many. Never fails, for the new image is in place already: images that
 * cannot be removed are in the result, and a directory that cannot be read any more is left to the next time.
 */
export async function removeOldest(image: string, beyond: number): Promise<Removal> {
  const surplus = (await keptImages(image).catch(() => [])).slice(beyond)
  const outcomes = await Promise.all(
    surplus.map(async ({ path }) => ({ path, message: await whyNotRemoved(path) })),
  )
  return {
    removed: outcomes.filter(({ message }) => message === undefined).map(({ path }) => path),
    remaining: outcomes.flatMap(({ path, message }) => (message === undefined ? [] : [{ path, message }])),
  }
}

/** Puts a kept image in the image's place; that one loses this name. */
export async function restoreImage(kept: KeptImage, image: string): Promise<void> {
  try {
    await rename(kept.path, image)
    await syncDirectory(dirname(image))
  } catch (error) {
    throw refused(`${image} cannot be replaced`, image, error)
  }
}

/** At most five digits: a copy with a date in its name (`venv.squashfs.20250131`) is nobody's number. */
const KEPT_NUMBER = /^[1-9]\d{0,4}$/
const MAX_NUMBER = 99_999

/** All files that have the name of a kept image, the highest number first. */
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
    await syncDirectory(dirname(image)) // after a power failure the names are there in the order in which they were given
    return path
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return await linkUnderNumber(image, number + 1)
    throw refused(`${image} cannot be kept as ${basename(path)}, and was not replaced`, image, error)
  }
}

async function whyNotRemoved(path: string): Promise<string | undefined> {
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

/** Where the rights to the directory of an image are missing. */
export const CLOSED_DIRECTORY = 'Get the rights to its directory, or do it as another user.'

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'Free some space there.',
  EDQUOT: 'Remove files that count towards your quota.',
  EROFS: 'Do it where the file system is writable.',
  ENAMETOOLONG: 'Give the image a shorter name.',
}

/** No hard links at all, none to others' files, none across project quotas, or too many of one file. */
const NO_HARD_LINK: readonly (string | undefined)[] = [
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EXDEV',
  'EMLINK',
]

/** @throws the system's error, EEXIST among them: a file that has that name is never replaced. */
export async function linkOrCopy(file: string, path: string): Promise<void> {
  try {
    await link(file, path)
  } catch (error) {
    if (!NO_HARD_LINK.includes(systemErrorCode(error))) throw error
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

/** The previous images, after a new one is in place. */
export interface PreviousImages extends Removal {
  /** Where the image is now that was replaced; undefined when there was none. */
  readonly kept: string | undefined
}

export interface Keeper {
  /** When the new image is complete, before it takes its name. */
  readonly keep: (image: string) => Promise<void>
  /** When the new image is in place. */
  readonly tidy: (image: string) => Promise<PreviousImages>
}

export function createKeeper(most: number): Keeper {
  let kept: string | undefined
  return {
    keep: async (image) => {
      kept = await keepImage(image)
    },
    tidy: async (image) => ({ kept, ...(await removeOldest(image, most)) }),
  }
}

/**
 * Kept images: the previous images of a name, beside it, each under that name and a number: `venv.squashfs.3`.
 *
 * A number only ever grows and is never given again while a higher one is there, so that a job that names
 * `venv.squashfs.3` gets that image or none, never another. The image's own name is never missing, not even for a moment:
 * the old image gets its number as a second name (a hard link), then the new one takes the first name from it by a
 * rename. Whoever stops in between leaves one name too many and loses nothing.
 */
import { open, readdir, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Failure } from '../errors/failure.js'
import { explainSystemError, messageOf, systemErrorCode } from '../errors/system-errors.js'
import { shellWord } from '../report/shell-word.js'
import { type ImageFile, identityAt, imageFileAt } from './image-file.js'
import { giveSecondName } from './second-name.js'

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
    const path = isKept ? newest.path : await giveNumber(image, (newest?.number ?? 0) + 1)
    // When another run has replaced the image meanwhile, that one is to be kept as well.
    if ((await identityAt(image)) === present) return path
  }
}

export interface Removal {
  readonly removed: readonly string[]
  /** What could not be removed, and why. */
  readonly remaining: readonly { readonly path: string; readonly message: string }[]
}

/**
 * Removes the oldest of the kept images beyond so many. Never fails, for the new image is in place already: what cannot be
 * removed is told, and a folder that cannot be read any more is left to the next time.
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
export async function putBack(kept: KeptImage, image: string): Promise<void> {
  try {
    await rename(kept.path, image)
    await syncFolder(dirname(image))
  } catch (error) {
    throw refused(`${image} cannot be replaced`, image, error)
  }
}

/** At most five digits: a copy with a date in its name (`venv.squashfs.20250131`) is nobody's number. */
const number = /^[1-9]\d{0,4}$/
const highestNumber = 99_999

/** Whatever has the name of a kept image, the highest number first. */
async function numberedFiles(image: string): Promise<readonly { path: string; number: number }[]> {
  const [folder, start] = [dirname(image), `${basename(image)}.`]
  const names = await readdir(folder).catch((error: unknown) => {
    throw refused(`${folder} cannot be read`, folder, error)
  })
  const endings = names.filter((name) => name.startsWith(start)).map((name) => name.slice(start.length))
  return endings
    .filter((ending) => number.test(ending))
    .map((ending) => ({ path: join(folder, start + ending), number: Number(ending) }))
    .sort((a, b) => b.number - a.number)
}

async function giveNumber(image: string, number: number): Promise<string> {
  const path = `${image}.${number}`
  if (number > highestNumber) {
    const highest = `${image}.${highestNumber}`
    const remedy = `Give ${highest} a name without a number.`
    throw new Failure('DESTINATION', `${image} cannot be kept: there is no higher number`, remedy, {
      path: image,
      mending: { before: `mv -n ${shellWord(highest)} ${shellWord(`${image}.old`)} &&` },
    })
  }
  try {
    await giveSecondName(image, path)
    await syncFolder(dirname(image))
    return path
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return await giveNumber(image, number + 1)
    throw refused(`${image} cannot be kept as ${basename(path)}, and was not replaced`, image, error)
  }
}

async function whyNotRemoved(path: string): Promise<string | undefined> {
  try {
    await unlink(path)
    return undefined
  } catch (error) {
    const code = systemErrorCode(error)
    return code === 'ENOENT' ? undefined : explainSystemError(code, String(error)).message
  }
}

/** So that after a power cut the names are there in the order in which they were given. Some filesystems refuse it. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    if (systemErrorCode(error) === 'EIO') throw error
  }
}

function refused(message: string, path: string, error: unknown): Failure {
  const systemCode = systemErrorCode(error)
  const reason = explainSystemError(systemCode, messageOf(error)).message
  const remedy = remedies[systemCode ?? ''] ?? 'Get the rights to its folder, or do it as another user.'
  return new Failure('DESTINATION', `${message}: ${reason}`, remedy, { path, systemCode, cause: error })
}

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'Free some space there.',
  EDQUOT: 'Remove files that count towards your quota.',
  EROFS: 'Do it where the file system is writable.',
  ENAMETOOLONG: 'Give the image a shorter name.',
}

/** Partial file: an image in the making, beside its destination, under a name that says which run makes it. */
import { randomBytes } from 'node:crypto'
import { lstat, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { hasEnded, type Run } from './run-identity.js'

/** So that the whole name stays below the 255 bytes that filesystems allow. */
const LONGEST_STEM = 180

/** A new name for a partial file of the image, as `.venv.squashfs.3f9a2c1b7d4e-4711-883726-0badcafe.partial`. */
export function partialName(image: string, { place, pid, started }: Run): string {
  return `${stem(image)}${place}-${pid}-${started}-${randomBytes(4).toString('hex')}.partial`
}

/** The run that made the file of this name; null when it is not the name of a partial file of this image. */
export function makerOf(name: string, image: string): Run | null {
  const start = stem(image)
  if (!name.startsWith(start)) return null
  const found = /^([0-9a-f]{12})-([1-9]\d{0,9})-(\d+)-[0-9a-f]{8}\.partial$/.exec(name.slice(start.length))
  return found && { place: found[1]!, pid: Number(found[2]), started: found[3]! }
}

/**
 * Removes the partial files of an image that were left by runs of this user which have ended without being able to
 * (SIGKILL, no memory). Never fails: what cannot be judged or removed stays.
 */
export async function removeLeftovers(directory: string, image: string, run: Run): Promise<void> {
  const names = await readdir(directory).catch(() => [])
  for (const name of names) {
    const maker = makerOf(name, image)
    if (maker?.place === run.place && (await hasEnded(maker)))
      await removeOwn(join(directory, name)).catch(() => {})
  }
}

async function removeOwn(file: string): Promise<void> {
  const found = await lstat(file)
  if (found.isFile() && found.uid === process.geteuid?.()) await unlink(file)
}

/** The part that says of which image it is. */
function stem(image: string): string {
  const bytes = Buffer.from(image)
  // A character that is cut in the middle becomes U+FFFD.
  const shown = bytes.length <= LONGEST_STEM ? image : bytes.toString('utf8', 0, LONGEST_STEM)
  return `.${shown}.`
}

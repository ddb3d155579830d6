/**
 * Pack records: the library's records of how images were packed, kept in the user's cache, so that the next packing can take over from
 * it the files that did not change. Nothing lies beside the image.
 *
 * A record is found by the head of its image, which has the place and length of every table: a copy has the same one, under
 * whatever name. That it is of this image and no other is for the library to say. A cache that cannot be read or written is no
 * error: contents are then compared.
 */
import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { ImageOptions } from 'squashfs-writer'
import type { Destination } from './destination.js'

/** Bytes of an image's superblock. */
const HEAD_SIZE = 96
/** Records that are kept, the newest, and for how long at most. One takes 150 bytes for each file. */
const MOST_RECORDS = 32
const LONGEST_AGE = 180 * 24 * 3600 * 1000
/** No record of a sensible image is larger; it is read into memory. */
const LARGEST_RECORD = 2 ** 30

type Base = NonNullable<ImageOptions['base']>

/**
 * The image from which is taken over, with its record if there is one.
 * @param wanted undefined for the image that is replaced, null for none.
 */
export async function baseFor(
  wanted: string | null | undefined,
  destination: Pick<Destination, 'realPath' | 'replaces'>,
): Promise<Base | undefined> {
  const path = wanted === undefined && destination.replaces ? destination.realPath : wanted
  if (path === null || path === undefined) return undefined
  const record = await recordOf(path)
  return record ? { path, record } : { path }
}

/** Keeps the record of an image that was just written. */
export async function keepRecord(image: string, record: Uint8Array): Promise<void> {
  const directory = recordDirectory(process.env)
  const name = await recordName(image)
  if (!directory || !name) return
  const partial = join(directory, `.${name}.${process.pid}`)
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await writeFile(partial, record, { mode: 0o600 })
    await rename(partial, join(directory, name))
    await removeOld(directory)
  } catch {
    // A cache that cannot be written: the next packing compares contents.
    await rm(partial, { force: true }).catch(() => {}) // nothing more can be done about it
  }
}

async function recordOf(image: string): Promise<Uint8Array | null> {
  const directory = recordDirectory(process.env)
  const name = await recordName(image)
  if (!directory || !name) return null
  try {
    const path = join(directory, name)
    const found = await stat(path)
    return found.isFile() && found.size <= LARGEST_RECORD ? await readFile(path) : null
  } catch {
    return null // there is none, or none that this user may read
  }
}

/** https://specifications.freedesktop.org/basedir-spec/latest/: a relative path is to be ignored. */
function recordDirectory({ XDG_CACHE_HOME, HOME }: NodeJS.ProcessEnv): string | null {
  const home = HOME || homedir()
  const cache = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(home, '.cache')
  return isAbsolute(cache) ? join(cache, 'venv-packer', 'records') : null
}

/** Null for what has no head. */
async function recordName(image: string): Promise<string | null> {
  try {
    const file = await open(image)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_SIZE), 0, HEAD_SIZE, 0)
      return bytesRead === HEAD_SIZE ? createHash('sha256').update(buffer).digest('hex').slice(0, 40) : null
    } finally {
      await file.close()
    }
  } catch {
    return null // the library reports the fault
  }
}

async function removeOld(directory: string): Promise<void> {
  const names = await readdir(directory)
  const records = await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name)
      return { path, time: (await stat(path)).mtimeMs }
    }),
  )
  records.sort((a, b) => b.time - a.time)
  const oldest = Date.now() - LONGEST_AGE
  const old = records.filter(({ time }, n) => n >= MOST_RECORDS || time < oldest)
  for (const { path } of old) await rm(path, { force: true })
}

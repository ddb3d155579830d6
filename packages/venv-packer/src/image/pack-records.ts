/**
 * Keeps the library's pack records in the user's cache directory. With the record of an image, the next `pack` takes over unchanged
 * files without reading them. No file is written beside the image.
 *
 * The file name of a record is a digest of the image's superblock, so that a copy of the image finds it as well. The library
 * verifies that a record belongs to the image. An unreadable or read-only cache is not an error: contents are then compared.
 */
import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { ImageOptions } from 'squashfs-writer'
import type { Destination } from './destination.js'

/** Bytes. */
const SUPERBLOCK_SIZE = 96
/** Older records and those beyond this number are removed. A record has about 150 bytes for each file. */
const MOST_RECORDS = 32
const LONGEST_AGE = 180 * 24 * 3600 * 1000
/** Larger files are not read into memory. No record of a realistic image is that large. */
const LARGEST_RECORD = 2 ** 30

type Base = NonNullable<ImageOptions['base']>

/**
 * The base: the image that unchanged files are taken from, with its record if there is one.
 * @param wanted the value of `--base`; undefined for the image that is replaced, null for no base.
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
    await rm(partial, { force: true }).catch(() => {}) // there may be no such file
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
    return null // it does not exist, or this user may not read it
  }
}

/** The path follows https://specifications.freedesktop.org/basedir-spec/latest/, which says to ignore a relative path. */
function recordDirectory({ XDG_CACHE_HOME, HOME }: NodeJS.ProcessEnv): string | null {
  const home = HOME || homedir()
  const cache = XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(home, '.cache')
  return isAbsolute(cache) ? join(cache, 'venv-packer', 'records') : null
}

/** Null for a file that is shorter than a superblock, or that cannot be read. */
async function recordName(image: string): Promise<string | null> {
  try {
    const file = await open(image)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(SUPERBLOCK_SIZE), 0, SUPERBLOCK_SIZE, 0)
      return bytesRead === SUPERBLOCK_SIZE
        ? createHash('sha256').update(buffer).digest('hex').slice(0, 40)
        : null
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

/** Decides where the image is written, and refuses an unusable destination before any work is done. */
import { access, constants, lstat, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { Failure } from '../failure.js'
import { systemErrorCode, systemFailure } from '../system-errors.js'

export interface Destination {
  /** The path as the user typed it, or the default name. For messages. */
  readonly typed: string
  /** Absolute, symlinks not followed. */
  readonly path: string
  /** The path that is written, all symlinks followed: a symlink at `path` stays, and its target is replaced. */
  readonly realPath: string
  /** Whether there is a file now. */
  readonly replaces: boolean
}

/** The directory that is packed. The image must not lie inside of it. */
interface Source {
  readonly path: string
  readonly realPath: string
}

/**
 * The name of the directory without a leading dot, plus `.squashfs`.
 * @param directory an absolute path.
 */
export function defaultImageName(directory: string): string {
  const name = basename(directory).replace(/^\./, '')
  return `${name === '' ? 'root' : name}.squashfs`
}

export async function chooseDestination(typed: string, source: Source, force: boolean): Promise<Destination> {
  const path = resolve(typed)
  if (typed.endsWith('/')) throw namesADirectory(typed, path, source)
  const place = await realPlace(typed, path)
  const found = await existingAt(typed, place)
  if (found?.kind === 'directory') throw namesADirectory(typed, path, source)
  const realPath = found?.realPath ?? place
  if (isInside(realPath, source.realPath)) {
    throw new Failure(
      'IMAGE_INSIDE_VENV',
      `${typed} lies inside the directory that is to be packed`,
      'Name a place outside of it with --output.',
      { path, fix: { options: ['--output', join(dirname(source.path), basename(path))] } },
    )
  }
  if (found !== undefined && !force) {
    const remedy = 'Add --force to replace it, --keep 1 to keep it as well, or name another with --output.'
    throw new Failure('IMAGE_EXISTS', `${typed} exists already`, remedy, { path })
  }
  return { typed, path, realPath, replaces: found !== undefined }
}

/** Follows the symlinks in the directory of `path`. Throws a Failure unless the directory exists and is writable. */
async function realPlace(typed: string, path: string): Promise<string> {
  try {
    const directory = await realpath(dirname(path))
    await access(directory, constants.W_OK | constants.X_OK)
    return join(directory, basename(path))
  } catch (error) {
    throw notWritable(typed, path, error)
  }
}

interface Found {
  readonly kind: 'file' | 'directory'
  readonly realPath: string
}

/** The file or directory at a path; undefined if there is nothing. Throws a Failure for anything else. */
async function existingAt(typed: string, path: string): Promise<Found | undefined> {
  const isLink = await lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  )
  try {
    const realPath = await realpath(path)
    const found = await stat(realPath)
    if (found.isDirectory()) return { kind: 'directory', realPath }
    if (found.isFile()) return { kind: 'file', realPath }
  } catch (error) {
    const missing = systemErrorCode(error) === 'ENOENT'
    if (missing && !isLink) return undefined
    if (!missing) throw notWritable(typed, path, error)
    const remedy = 'Remove it, or name another image with --output.'
    throw new Failure('DANGLING_LINK', `${typed} is a symlink to nothing`, remedy, { path })
  }
  const remedy = 'Name a file with --output, and copy it from there.'
  throw new Failure('NOT_A_FILE', `${typed} is a device, pipe or socket, and an image is a file`, remedy, {
    path,
    fix: { without: ['--output'] },
  })
}

function isInside(path: string, directory: string): boolean {
  const fromDirectory = relative(directory, path)
  return fromDirectory !== '..' && !fromDirectory.startsWith(`..${sep}`)
}

function namesADirectory(typed: string, path: string, source: Source): Failure {
  const file = join(typed, defaultImageName(source.path))
  return new Failure('DESTINATION', `${typed} is a directory`, `Name a file: --output ${file}`, {
    path,
    systemCode: 'EISDIR',
    fix: { options: ['--output', file] },
  })
}

function notWritable(typed: string, path: string, error: unknown): Failure {
  return systemFailure('DESTINATION', `${typed} cannot be written`, error, { path })
}

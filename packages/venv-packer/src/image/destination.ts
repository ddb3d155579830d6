/** Where the image goes: its default name, and all that can be refused before any work is done. */
import { access, constants, lstat, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { Failure } from '../failure.js'
import { systemErrorCode, systemFailure } from '../system-errors.js'

export interface Destination {
  /** As it was typed, or the default name: for messages. */
  readonly typed: string
  /** Absolute, with symlinks left as they are. */
  readonly path: string
  /** The place that is written: all symlinks followed, so that a link goes on pointing at its target. */
  readonly realPath: string
  /** True when an image lies there now. */
  readonly replaces: boolean
}

/** The directory that is packed, as far as it matters here: the image may not lie inside it. */
interface Source {
  readonly path: string
  readonly realPath: string
}

/** The directory's name without its leading dot, plus `.squashfs`. `directory` is absolute. */
export function defaultImageName(directory: string): string {
  const name = basename(directory).replace(/^\./, '')
  return `${name === '' ? 'root' : name}.squashfs`
}

export async function chooseDestination(typed: string, source: Source, force: boolean): Promise<Destination> {
  const path = resolve(typed)
  if (typed.endsWith('/')) throw namesADirectory(typed, path, source)
  const place = await realPlace(typed, path)
  const found = await whatLiesAt(typed, place)
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

/** `path` with the symlinks of its directory followed; the directory must be there and writable. */
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

/** A file, a directory, or undefined for nothing; everything else is refused. */
async function whatLiesAt(typed: string, path: string): Promise<Found | undefined> {
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

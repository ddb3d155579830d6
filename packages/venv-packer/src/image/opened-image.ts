/** Opens an image for a command, finds paths in it, and turns errors of the reader into failures. */

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type ByteString, toByteString, toDisplay } from 'squashfs-writer/paths'
import {
  ExtractError,
  ImageError,
  type ImageInode,
  InodeType,
  type OpenImage,
  openImage,
} from 'squashfs-writer/read'
import { EXIT_CODES, type ExitCode, Failure } from '../failure.js'
import { explainSystemError, isMissing, systemErrorCode, systemFailure } from '../system-errors.js'
import { shellWord } from '../terminal/printable.js'

export interface OpenedImage {
  /** The path as the user typed it, for messages. */
  readonly typed: string
  /** Absolute. */
  readonly path: string
  readonly image: OpenImage
}

/** Whether a path exists and is not a directory. A missing path is reported later, by `openEnvironment`. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory()
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return false
  }
}

/**
 * Opens an image, calls `use` with it, and closes it. Errors of the reader become Failures.
 * @param typed its path as the user typed it.
 */
export async function withImage<T>(typed: string, use: (opened: OpenedImage) => Promise<T>): Promise<T> {
  const path = resolve(typed)
  try {
    const image = await openImage(path)
    try {
      return await use({ typed, path, image })
    } finally {
      await image.close()
    }
  } catch (error) {
    if (error instanceof ImageError) throw imageFailure(typed, path, error)
    if (error instanceof ExtractError) throw extractFailure(error)
    throw error
  }
}

function imageFailure(typed: string, path: string, cause: ImageError): Failure {
  const systemCode = systemErrorCode(cause.cause)
  const failure = (code: string, message: string, remedy: string) =>
    new Failure(code, message, remedy, { path, systemCode, cause })
  switch (cause.code) {
    case 'IMAGE_NOT_FOUND':
    case 'IMAGE_UNREADABLE':
      return unreadable(typed, path, cause.cause)
    case 'NOT_IN_IMAGE':
      return failure(
        cause.code,
        `${typed}: ${cause.reason}`,
        `venv-packer list -R ${typed} shows what is in it.`,
      )
    case 'NOT_AN_IMAGE':
      return failure(
        cause.code,
        `${typed} is not a squashfs image`,
        'Give a file that venv-packer pack or mksquashfs has made.',
      )
    case 'UNKNOWN_COMPRESSOR':
      return failure(
        cause.code,
        `${typed}: ${cause.reason.split(':')[0]}`,
        'unsquashfs reads it; venv-packer reads zstd and gzip.',
      )
    default:
      return failure(cause.code, `${typed}: ${cause.reason}`, 'Copy the image again, or pack it again.')
  }
}

function extractFailure(cause: ExtractError): Failure {
  const systemCode = systemErrorCode(cause.cause)
  const { message } = explainSystemError(systemCode, cause.reason)
  const exists = systemCode === undefined
  return new Failure(
    cause.code,
    exists ? `${cause.path}: ${cause.reason.split(';')[0]}` : `${cause.path} cannot be written: ${message}`,
    exists
      ? 'Extract into another directory, or replace existing files with --force.'
      : 'Name another place with --output.',
    { path: cause.path, systemCode, fix: exists ? { options: ['--force'] } : undefined, cause },
  )
}

/** The failure for an image without an environment, in a command that needs one. */
export function noVenvInImage(typed: string, path: string): Failure {
  return new Failure(
    'NOT_A_VENV',
    `${typed} holds no virtual environment (it has no pyvenv.cfg)`,
    'Give the image of one.',
    { path },
  )
}

/** An inode of an image, with its path without symlinks. */
export interface Located {
  readonly path: ByteString
  readonly inode: ImageInode
}

/**
 * Finds the entry at a path. Symlinks in its directories are followed. If the entry itself is a symlink, it is followed with
 * `follow`, or if the path ends with a slash.
 * @param path relative to the image's root, as the user typed it.
 * @throws Failure if there is no such entry.
 */
export async function locate(
  { typed, path: file, image }: OpenedImage,
  path: string,
  follow: boolean,
): Promise<Located> {
  const found = await find(image, path, follow)
  if (found !== null) return found
  throw new Failure(
    'NOT_IN_IMAGE',
    `there is no ${path} in ${typed}`,
    `venv-packer list -R ${typed} shows what is in it.`,
    {
      path: file,
    },
  )
}

async function find(image: OpenImage, path: string, follow: boolean): Promise<Located | null> {
  const names = path.split('/').filter((name) => name !== '' && name !== '.')
  const last = names.at(-1)
  if (follow || path.endsWith('/') || last === undefined || last === '..') return await image.resolve(path)
  const above = await image.resolve(names.slice(0, -1).join('/'))
  if (above?.inode.type !== InodeType.DIRECTORY) return null
  const name = toByteString(last)
  const whole = above.path === '' ? name : `${above.path}/${name}`
  const inode = await image.find(Buffer.from(whole, 'latin1'))
  return inode && { path: whole, inode }
}

/** A path in an image, for messages and lists. */
export function shownPath(path: ByteString): string {
  return path === '' ? '.' : toDisplay(path)
}

export interface ImageToRun {
  /** The path as the user typed it, for messages. */
  readonly typed: string
  /** Absolute. */
  readonly path: string
  /** Device and inode number: the same for all hard links of a file. */
  readonly identity: string
  /** Undefined for an image with a compressor that venv-packer cannot read. The kernel may mount it all the same. */
  readonly open: OpenImage | undefined
}

/** Opens the image for `run`. Throws a Failure for any other file. */
export async function openImageToRun(typed: string): Promise<ImageToRun> {
  const { commandNotStarted } = EXIT_CODES
  const path = resolve(typed)
  let identity = ''
  try {
    const found = await stat(path, { bigint: true })
    if (found.isDirectory()) throw directoryInstead(typed, path)
    identity = `${found.dev}:${found.ino}`
    return { typed, path, identity, open: await openImage(path) }
  } catch (error) {
    if (error instanceof ImageError && error.code === 'UNKNOWN_COMPRESSOR')
      return { typed, path, identity, open: undefined }
    if (error instanceof ImageError && isSystemError(error))
      throw unreadable(typed, path, error.cause, commandNotStarted)
    if (error instanceof ImageError) throw damaged(typed, path, error)
    throw error instanceof Failure ? error : unreadable(typed, path, error, commandNotStarted)
  }
}

/** Whether the file could not be opened or read. The system error is the cause. */
function isSystemError({ code }: ImageError): boolean {
  return code === 'IMAGE_NOT_FOUND' || code === 'IMAGE_UNREADABLE'
}

/** The failure of `run` for an image that is damaged or incomplete. */
export function damaged(typed: string, path: string, cause: ImageError): Failure {
  const remedy =
    'Give an image that venv-packer pack or mksquashfs has made; unsquashfs -s shows whether it is whole.'
  return new Failure(cause.code, `${typed} cannot be used: ${cause.reason}`, remedy, {
    path,
    exitCode: EXIT_CODES.commandNotStarted,
    cause,
  })
}

function directoryInstead(typed: string, path: string): Failure {
  const line = `venv-packer pack ${shellWord(typed)}`
  return new Failure('NOT_AN_IMAGE', `${typed} is a directory, and an image is a file`, `Pack it: ${line}`, {
    path,
    fix: { line },
    exitCode: EXIT_CODES.commandNotStarted,
  })
}

/** @param error the system error. */
function unreadable(
  typed: string,
  path: string,
  error: unknown,
  exitCode: ExitCode = EXIT_CODES.failed,
): Failure {
  if (isMissing(error)) {
    const remedy = 'Give an image; venv-packer pack makes one.'
    const details = { path, systemCode: systemErrorCode(error), exitCode, cause: error }
    return new Failure('NOT_FOUND', `${typed} does not exist`, remedy, details)
  }
  const remedy = 'Make it readable, or copy it to where it is.'
  return systemFailure('UNREADABLE', `${typed} cannot be read`, error, { path, remedy, exitCode })
}

/** An image that a command looks into: opened, used and closed; what is wrong with it in this command's words. */
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
import { Failure } from '../errors/failure.js'
import { explainSystemError, systemErrorCode } from '../errors/system-errors.js'

export interface OpenedImage {
  /** As it was typed, for messages. */
  readonly typed: string
  /** Absolute. */
  readonly path: string
  readonly image: OpenImage
}

/** Whether there is anything but a directory at a path. What is not there is said by who looks for an environment. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory()
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return false
  }
}

/** Opens the image at `typed`, has it used, and closes it. What goes wrong with the image is a Failure. */
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
      return failure('NOT_FOUND', `${typed} does not exist`, 'Give an image; venv-packer pack makes one.')
    case 'IMAGE_UNREADABLE': {
      const { message } = explainSystemError(systemCode, cause.reason)
      return failure(
        'UNREADABLE',
        `${typed} cannot be read: ${message}`,
        'Make it readable, or copy it to where it is.',
      )
    }
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
      ? 'Extract into another directory, or replace what is there with --force.'
      : 'Name another place with --output.',
    { path: cause.path, systemCode, mending: exists ? { options: ['--force'] } : undefined, cause },
  )
}

/** What is asked of the environment in an image needs one. */
export function noVenvInImage(typed: string, path: string): Failure {
  return new Failure(
    'NOT_A_VENV',
    `${typed} holds no virtual environment (it has no pyvenv.cfg)`,
    'Give the image of one.',
    { path },
  )
}

/** Something in an image, with the path that leads to it without symlinks. */
export interface Located {
  readonly path: ByteString
  readonly inode: ImageInode
}

/**
 * What lies at a path that was typed, from the image's root; symlinks on the way are followed, the last one with `follow`
 * or a slash at the end.
 * @throws Failure where there is nothing.
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

/** A path of an image, as people see it. */
export function shownPath(path: ByteString): string {
  return path === '' ? '.' : toDisplay(path)
}

/** The image that a command is to be run with: where it is, and a look into it. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ImageError, type OpenImage, openImage } from 'squashfs-writer/read'
import { Failure } from '../errors/failure.js'
import { explainSystemError, messageOf, systemErrorCode } from '../errors/system-errors.js'
import { exitCodes } from '../exit-codes.js'
import { shellWord } from '../report/shell-word.js'

export interface ImageToRun {
  /** As it was typed, for messages. */
  readonly typed: string
  /** Absolute. */
  readonly path: string
  /** The same for all names of one file. */
  readonly identity: string
  /** Undefined where it is compressed in a way that only others can read. */
  readonly open: OpenImage | undefined
}

/** Opens the image at `typed`, and refuses what is none. */
export async function openImageToRun(typed: string): Promise<ImageToRun> {
  const path = resolve(typed)
  let identity = ''
  try {
    const found = await stat(path, { bigint: true })
    if (found.isDirectory()) throw folderInstead(typed, path)
    identity = `${found.dev}:${found.ino}`
    return { typed, path, identity, open: await openImage(path) }
  } catch (error) {
    if (error instanceof ImageError && error.code === 'UNKNOWN_COMPRESSOR')
      return { typed, path, identity, open: undefined }
    if (error instanceof ImageError && isRefusal(error)) throw unreadable(typed, path, error.cause)
    if (error instanceof ImageError) throw damaged(typed, path, error)
    throw error instanceof Failure ? error : unreadable(typed, path, error)
  }
}

/** The system did not let it be read; its error is the cause. */
function isRefusal({ code }: ImageError): boolean {
  return code === 'IMAGE_NOT_FOUND' || code === 'IMAGE_UNREADABLE'
}

/** What a look into an image throws, in words. */
export function damaged(typed: string, path: string, cause: ImageError): Failure {
  const remedy =
    'Give an image that venv-packer pack or mksquashfs has made; unsquashfs -s shows whether it is whole.'
  return new Failure(cause.code, `${typed} cannot be used: ${cause.reason}`, remedy, {
    path,
    exitCode: exitCodes.commandNotStarted,
    cause,
  })
}

function folderInstead(typed: string, path: string): Failure {
  const line = `venv-packer pack ${shellWord(typed)}`
  return new Failure('NOT_AN_IMAGE', `${typed} is a folder, and an image is a file`, `Pack it: ${line}`, {
    path,
    mending: { line },
    exitCode: exitCodes.commandNotStarted,
  })
}

function unreadable(typed: string, path: string, cause: unknown): Failure {
  const systemCode = systemErrorCode(cause)
  const missing = systemCode === 'ENOENT' || systemCode === 'ENOTDIR'
  const { message } = explainSystemError(systemCode, messageOf(cause))
  const words = missing ? `${typed} does not exist` : `${typed} cannot be read: ${message}`
  const remedy = missing
    ? 'Give an image; venv-packer pack makes one.'
    : 'Make it readable, or copy it to where it is.'
  return new Failure(missing ? 'NOT_FOUND' : 'UNREADABLE', words, remedy, {
    path,
    systemCode,
    exitCode: exitCodes.commandNotStarted,
    cause,
  })
}

/** `venv-packer rollback`: puts a kept image back in place, or lists them. Speaks to no one: that is the caller's. */
import { existsSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { Failure } from '../errors/failure.js'
import { explainSystemError, messageOf, systemErrorCode } from '../errors/system-errors.js'
import { type ImageFile, imageFileAt } from '../image/image-file.js'
import { type KeptImage, keepImage, keptImages, putBack } from '../image/kept.js'
import { shellWord } from '../report/shell-word.js'

export interface RollbackRequest {
  /** As it was typed. */
  readonly image: string
  /** The number of the image to go back to; undefined for the newest. */
  readonly to: number | undefined
  /** Only look. */
  readonly list: boolean
}

export interface RollbackReport {
  readonly image: ImagePlace
  /** What has the image's name now; undefined when nothing has, or no whole image. */
  readonly present: ImageFile | undefined
  /** The kept images as they are now, the newest first. */
  readonly kept: readonly KeptImage[]
  /** What was done; undefined for a list. */
  readonly change: RollbackChange | undefined
}

export interface RollbackChange {
  /** What was put back, as it was found. */
  readonly restored: KeptImage
  /** Where the image is now that was there before; undefined when there was none. */
  readonly replaced: string | undefined
}

interface ImagePlace {
  /** As it was typed. */
  readonly typed: string
  /** Absolute, with symlinks left as they are. */
  readonly path: string
  /** All symlinks followed. */
  readonly realPath: string
}

export async function rollback(request: RollbackRequest): Promise<RollbackReport> {
  const image = await placeOf(request.image)
  const kept = await keptImages(image.realPath)
  const present = await imageFileAt(image.realPath)
  if (kept.length === 0 && !(request.list && present !== undefined)) throw nothingKept(image)
  if (request.list) return { image, present, kept, change: undefined }
  const restored = chosen(image, kept, request.to)
  const replaced = await keepImage(image.realPath)
  await putBack(restored, image.realPath)
  return {
    image,
    present: await imageFileAt(image.realPath),
    kept: await keptImages(image.realPath),
    change: { restored, replaced },
  }
}

/** The image may be missing: then a kept one takes its place. Its folder must be there. */
async function placeOf(typed: string): Promise<ImagePlace> {
  const path = resolve(typed)
  const realPath = await realpath(path)
    .catch(async () => join(await realpath(dirname(path)), basename(path)))
    .catch((error: unknown) => {
      throw unreachable(typed, path, error)
    })
  const found = await stat(realPath).catch(() => undefined)
  if (found === undefined || found.isFile()) return { typed, path, realPath }
  throw new Failure('NOT_A_FILE', `${typed} is not a file`, 'Give the path of an image.', { path })
}

function chosen(place: ImagePlace, kept: readonly KeptImage[], to: number | undefined): KeptImage {
  const found = to === undefined ? kept[0] : kept.find(({ number }) => number === to)
  if (found !== undefined) return found
  const there = kept.map(({ number }) => number).join(', ')
  const message = `no image of ${place.typed} is kept under the number ${to}`
  throw new Failure('NOT_KEPT', message, `Kept are ${there}; --list tells more.`, { path: place.path })
}

function nothingKept({ typed, path, realPath }: ImagePlace): Failure {
  const [, image, number] = /^(.+)\.([1-9]\d{0,4})$/.exec(typed) ?? []
  const line = image === undefined ? undefined : `venv-packer rollback ${shellWord(image)} --to ${number}`
  const didYouMean = line && `Did you mean ${line}?`
  const details = { path, mending: line === undefined ? undefined : { line } }
  if (!existsSync(realPath)) {
    return new Failure(
      'NOT_FOUND',
      `${typed} does not exist`,
      didYouMean ?? 'Give the path of an image.',
      details,
    )
  }
  const remedy = 'To keep some from now on, renew it with venv-packer pack VENV --keep 2.'
  return new Failure('NOTHING_KEPT', `no previous image of ${typed} is kept`, didYouMean ?? remedy, details)
}

function unreachable(typed: string, path: string, error: unknown): Failure {
  const systemCode = systemErrorCode(error)
  const details = { path, systemCode, cause: error }
  if (systemCode === 'ENOENT' || systemCode === 'ENOTDIR') {
    return new Failure('NOT_FOUND', `${typed} does not exist`, 'Give the path of an image.', details)
  }
  const reason = explainSystemError(systemCode, messageOf(error)).message
  const remedy = 'Get the rights to its folder, or do it as another user.'
  return new Failure('UNREADABLE', `${typed} cannot be read: ${reason}`, remedy, details)
}

/** `venv-packer rollback`: restores a kept image, or lists the kept images. */

import { existsSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Invocation } from '../cli/commands.js'
import { EXIT_CODES, type ExitCode, Failure } from '../failure.js'
import { type ImageFile, imageFileAt } from '../image/image-file.js'
import { CLOSED_DIRECTORY, type KeptImage, keepImage, keptImages, restoreImage } from '../image/kept.js'
import { packageVersion } from '../package.js'
import { isMissing, systemErrorCode, systemFailure } from '../system-errors.js'
import { bytes, minute } from '../terminal/figures.js'
import { printable, shellWord } from '../terminal/printable.js'
import { line, print } from '../terminal/printing.js'

export interface RollbackRequest {
  /** The path as the user typed it. */
  readonly image: string
  /** The number of the image to go back to; undefined for the newest. */
  readonly to: number | undefined
  /** Whether to list the kept images, and change nothing. */
  readonly list: boolean
}

export interface RollbackReport {
  readonly image: ImagePlace
  /** The current image; undefined if there is none, or it is incomplete. */
  readonly present: ImageFile | undefined
  /** The kept images after the change, the newest first. */
  readonly kept: readonly KeptImage[]
  /** The change that was made; undefined for a list. */
  readonly change: RollbackChange | undefined
}

export interface RollbackChange {
  /** The image that was restored, as it was before. */
  readonly restored: KeptImage
  /** The numbered name of the image that was replaced; undefined if there was none. */
  readonly replaced: string | undefined
}

interface ImagePlace {
  /** The path as the user typed it. */
  readonly typed: string
  /** Absolute, symlinks not followed. */
  readonly path: string
  /** Absolute, all symlinks followed. */
  readonly realPath: string
}

export async function runRollback({ values }: Invocation<'rollback'>): Promise<ExitCode> {
  const report = await rollback(values)
  if (values.json) await print(rollbackJson(report))
  else if (report.change === undefined) await print(text(listText(report)))
  else if (!values.quiet) await print(text(changeText(report, report.change)))
  return EXIT_CODES.done
}

export async function rollback(request: RollbackRequest): Promise<RollbackReport> {
  const image = await placeOf(request.image)
  const kept = await keptImages(image.realPath)
  const present = await imageFileAt(image.realPath)
  if (kept.length === 0 && !(request.list && present !== undefined)) throw nothingKept(image)
  if (request.list) return { image, present, kept, change: undefined }
  const restored = chosen(image, kept, request.to)
  const replaced = await keepImage(image.realPath)
  await restoreImage(restored, image.realPath)
  return {
    image,
    present: await imageFileAt(image.realPath),
    kept: await keptImages(image.realPath),
    change: { restored, replaced },
  }
}

/** The image may be missing, but its directory must exist. */
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
  const numbers = kept.map(({ number }) => number).join(', ')
  const message = `no image of ${place.typed} is kept under the number ${to}`
  throw new Failure('NOT_KEPT', message, `Kept numbers: ${numbers}. --list shows details.`, {
    path: place.path,
  })
}

function nothingKept({ typed, path, realPath }: ImagePlace): Failure {
  const [, image, number] = /^(.+)\.([1-9]\d{0,4})$/.exec(typed) ?? []
  const line = image === undefined ? undefined : `venv-packer rollback ${shellWord(image)} --to ${number}`
  const didYouMean = line && `Did you mean ${line}?`
  const details = { path, fix: line === undefined ? undefined : { line } }
  if (!existsSync(realPath)) {
    return new Failure(
      'NOT_FOUND',
      `${typed} does not exist`,
      didYouMean ?? 'Give the path of an image.',
      details,
    )
  }
  const remedy = 'To keep images from now on, use venv-packer pack VENV --keep 2.'
  return new Failure('NOTHING_KEPT', `no previous image of ${typed} is kept`, didYouMean ?? remedy, details)
}

function unreachable(typed: string, path: string, error: unknown): Failure {
  return isMissing(error)
    ? new Failure('NOT_FOUND', `${typed} does not exist`, 'Give the path of an image.', {
        path,
        systemCode: systemErrorCode(error),
        cause: error,
      })
    : systemFailure('UNREADABLE', `${typed} cannot be read`, error, { path, remedy: CLOSED_DIRECTORY })
}

function changeText({ image }: RollbackReport, { restored, replaced }: RollbackChange): readonly string[] {
  const { written, bytes: size } = restored
  const headline =
    `${printable(image.typed)} is again the image that was kept as ${nameOf(restored.path)} ` +
    `(packed ${minute(written)}, ${bytes(size)})`
  if (replaced === undefined) return [headline]
  return [
    headline,
    '',
    `  replaced   kept as ${nameOf(replaced)}; jobs that have it mounted are not affected`,
    `  to undo    ${rollbackTo(image.typed, basename(replaced).split('.').at(-1))}`,
  ]
}

function listText({ image, present, kept }: RollbackReport): readonly string[] {
  const rows = [
    ['image', 'packed', 'size'],
    present === undefined ? [nameOf(image.realPath), 'no whole image', ''] : row(present),
    ...kept.map(row),
  ]
  const widths = [0, 1].map((column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)) + 3)
  const lines = rows.map((cells) =>
    cells
      .map((cell, n) => cell.padEnd(widths[n] ?? 0))
      .join('')
      .trimEnd(),
  )
  return [
    ...lines,
    '',
    ...rollbackHints(
      image.typed,
      kept.map(({ number }) => number),
    ),
  ]
}

function row(image: ImageFile): readonly string[] {
  return [nameOf(image.path), minute(image.written), bytes(image.bytes)]
}

/** The commands that go back to the newest kept image, and to another one. */
function rollbackHints(typed: string, [newest, other]: readonly number[]): readonly string[] {
  if (newest === undefined) return ['No previous image is kept. To keep some, use venv-packer pack --keep 2.']
  const toNewest = `To go back to ${newest}:  ${rollbackTo(typed)}`
  return other === undefined
    ? [toNewest]
    : [toNewest, `To go back to ${other}:  ${rollbackTo(typed, `${other}`)}`]
}

function rollbackTo(typed: string, number?: string): string {
  return `venv-packer rollback ${shellWord(typed)}${number === undefined ? '' : ` --to ${number}`}`
}

function nameOf(path: string): string {
  return printable(basename(path))
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

function rollbackJson({ image, present, kept, change }: RollbackReport): string {
  return line({
    ok: true,
    command: 'rollback',
    version: packageVersion(),
    image: {
      path: image.path,
      ...(present === undefined ? { bytes: null, written: null } : jsonFacts(present)),
    },
    restored: change === undefined ? null : change.restored.number,
    replaced: change?.replaced ?? null,
    kept: kept.map((one) => ({ number: one.number, path: one.path, ...jsonFacts(one) })),
  })
}

function jsonFacts({ bytes, written }: ImageFile): object {
  return { bytes, written: written.toISOString() }
}

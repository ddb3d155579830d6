/** `venv-packer extract`: extracts an image, or parts of it, into a directory. */

import { resolve } from 'node:path'
import { type ExtractResult, extractImage } from 'squashfs-writer/read'
import type { Invocation, Values } from '../cli/commands.js'
import { EXIT_CODES, type ExitCode, wrongUsage } from '../failure.js'
import { withImage } from '../image/opened-image.js'
import { packageVersion } from '../package.js'
import { bytes, counted, duration } from '../terminal/figures.js'
import { printable } from '../terminal/printable.js'
import { line, print, rounded } from '../terminal/printing.js'

export interface ExtractRequest {
  /** The path as the user typed it, like the other paths. */
  readonly image: string
  /** Relative to the image's root; empty for the whole image. */
  readonly paths: readonly string[]
  readonly output: string
  readonly force: boolean
  readonly xattrs: boolean
}

export interface ExtractReport {
  readonly request: ExtractRequest
  /** Both absolute. */
  readonly image: string
  readonly output: string
  readonly result: ExtractResult
  readonly seconds: number
}

export async function runExtract({ values }: Invocation<'extract'>): Promise<ExitCode> {
  const report = await extract(request(values))
  if (values.json) await print(extractJson(report))
  else if (!values.quiet) await print(extractText(report))
  return EXIT_CODES.done
}

function request({ image, paths, output, force, xattrs }: Values<'extract'>): ExtractRequest {
  if (output === undefined)
    throw wrongUsage('no directory is given', 'Write venv-packer extract IMAGE --output DIRECTORY.')
  return { image, paths, output, force, xattrs }
}

export async function extract(request: ExtractRequest): Promise<ExtractReport> {
  const start = performance.now()
  const { paths, force: overwrite, xattrs } = request
  const output = resolve(request.output)
  return await withImage(request.image, async ({ path, image }) => {
    const options = { overwrite, xattrs, ...(paths.length === 0 ? {} : { paths }) }
    const result = await extractImage(image, output, options)
    return { request, image: path, output, result, seconds: (performance.now() - start) / 1000 }
  })
}

const MAX_SKIPPED_SHOWN = 10

function extractText({ request, result, seconds }: ExtractReport): string {
  const { files, directories, symlinks, others, hardLinks, skipped, droppedXattrs } = result
  const kinds = [
    counted(files, 'file'),
    counted(directories, 'directory', 'directories'),
    counted(symlinks, 'symlink'),
    ...(others > 0 ? [counted(others, 'special file')] : []),
    ...(hardLinks > 0 ? [counted(hardLinks, 'hard link')] : []),
  ]
  const xattrs = Object.entries(droppedXattrs)
  return [
    `${printable(request.image)} extracted into ${printable(request.output)} in ${duration(seconds)}`,
    '',
    `  ${kinds.join(', ')}; ${bytes(result.bytes)}`,
    ...(skipped.length === 0 ? [] : ['', `  left out: ${counted(skipped.length, 'path')}`]),
    ...skipped.slice(0, MAX_SKIPPED_SHOWN).map(({ path, message }) => `    ${printable(path)}: ${message}`),
    ...(skipped.length > MAX_SKIPPED_SHOWN ? [`    ... and ${skipped.length - MAX_SKIPPED_SHOWN} more`] : []),
    ...(xattrs.length === 0 ? [] : ['', '  extended attributes that cannot be set here']),
    ...xattrs.map(([name, count]) => `    ${printable(name)}: of ${counted(count, 'path')}`),
    '',
  ].join('\n')
}

function extractJson({ image, output, result, seconds }: ExtractReport): string {
  return line({
    ok: true,
    command: 'extract',
    version: packageVersion(),
    image: { path: image },
    output,
    ...result,
    seconds: rounded(seconds),
  })
}

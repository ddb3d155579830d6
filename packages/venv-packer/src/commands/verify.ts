/** `venv-packer verify`: reads a whole image, and reports damage. */

import type { Verification } from 'squashfs-writer/read'
import type { Invocation } from '../cli/commands.js'
import { EXIT_CODES, type ExitCode } from '../failure.js'
import { withImage } from '../image/opened-image.js'
import { packageVersion } from '../package.js'
import { coloursFor } from '../terminal/colours.js'
import { bytes, counted, duration } from '../terminal/figures.js'
import { printable } from '../terminal/printable.js'
import { line, print, rounded } from '../terminal/printing.js'

export interface VerifyRequest {
  /** The path as the user typed it. */
  readonly image: string
}

export interface VerifyReport {
  readonly request: VerifyRequest
  /** Absolute. */
  readonly image: string
  /** Bytes of the file. */
  readonly size: number
  readonly verification: Verification
  readonly seconds: number
}

export async function runVerify({ values }: Invocation<'verify'>): Promise<ExitCode> {
  const report = await verify(values)
  if (values.json) await print(verifyJson(report))
  else if (!values.quiet) await print(verifyText(report))
  return report.verification.problems.length === 0 ? EXIT_CODES.done : EXIT_CODES.failed
}

export async function verify(request: VerifyRequest): Promise<VerifyReport> {
  const start = performance.now()
  return await withImage(request.image, async ({ path, image }) => {
    const verification = await image.verify()
    return {
      request,
      image: path,
      size: image.size,
      verification,
      seconds: (performance.now() - start) / 1000,
    }
  })
}

function verifyText({ request, verification, seconds }: VerifyReport): string {
  const { problems, inodes, dataBlocks, metadataBlocks, bytes: size } = verification
  const colours = coloursFor(process.stdout)
  const read =
    `${counted(inodes, 'inode')}, ${counted(dataBlocks, 'data block')} (${bytes(size)}) and ` +
    `${counted(metadataBlocks, 'metadata block')} read in ${duration(seconds)}`
  if (problems.length === 0) return `${printable(request.image)} is undamaged: ${read}\n`
  return [
    `${colours.heading(printable(request.image))} is damaged: ${read}`,
    '',
    ...problems.map(({ path, message }) => `  ${printable(path === null ? message : `${path}: ${message}`)}`),
    '',
    colours.error(`${counted(problems.length, 'problem')}: copy the image again, or pack it again`),
    '',
  ].join('\n')
}

function verifyJson({ image, size, verification, seconds }: VerifyReport): string {
  return line({
    ok: true,
    command: 'verify',
    version: packageVersion(),
    passed: verification.problems.length === 0,
    image: { path: image, bytes: size },
    inodes: verification.inodes,
    names: verification.names,
    dataBlocks: verification.dataBlocks,
    metadataBlocks: verification.metadataBlocks,
    bytesRead: verification.bytes,
    problems: verification.problems,
    seconds: rounded(seconds),
  })
}

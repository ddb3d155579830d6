/** Whether an image is whole, and what is wrong with it. */
import type { ReportStyle } from '../command-line/report-style.js'
import type { VerifyReport } from '../commands/verify.js'
import { packageVersion } from '../version.js'
import { coloursFor } from './colours.js'
import { bytes, counted, duration } from './figures.js'
import { line, rounded } from './json-line.js'
import { printable } from './printable.js'

export function reportVerify(report: VerifyReport, style: ReportStyle): string {
  if (style.json) return verifyJson(report)
  return style.quiet ? '' : text(report)
}

function text({ request, verification, seconds }: VerifyReport): string {
  const { problems, inodes, dataBlocks, metadataBlocks, bytes: size } = verification
  const colours = coloursFor(process.stdout)
  const read =
    `${counted(inodes, 'inode')}, ${counted(dataBlocks, 'data block')} (${bytes(size)}) and ` +
    `${counted(metadataBlocks, 'metadata block')} read in ${duration(seconds)}`
  if (problems.length === 0) return `${printable(request.image)} is sound: ${read}\n`
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

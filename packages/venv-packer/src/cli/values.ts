/** Converts texts of the command line to values, and refuses invalid ones. */
import { resolve } from 'node:path'
import type { PackOptions } from 'squashfs-writer'
import type { Level } from '../bytecode/modules.js'
import { type Failure, wrongUsage } from '../failure.js'
import type { ReadContext } from './table.js'

interface NumberRange {
  readonly from: number
  readonly to: number
}

const anyNumber: NumberRange = { from: 0, to: Number.POSITIVE_INFINITY }

/** A whole number within a range. */
export function number(range = anyNumber): (text: string, context: ReadContext) => number {
  return (text, { option, seeHelp }) => {
    if (!/^\d{1,9}$/.test(text)) throw wrongUsage(`${option} ${text} is not a whole number`, seeHelp)
    const value = Number(text)
    if (value < range.from || value > range.to)
      throw wrongUsage(
        `${option} ${text} is not possible: it goes from ${range.from} to ${range.to}`,
        seeHelp,
      )
    return value
  }
}

const MAX_KEPT = 1000

/** The value of `--keep`. */
export function keptImages(text: string, context: ReadContext): number {
  if (/^0+$/.test(text))
    throw wrongUsage('--keep 0 keeps nothing', 'To replace the image and keep none, use --force.')
  return number({ from: 1, to: MAX_KEPT })(text, context)
}

/** The value of `--to`: the number of a kept image. */
export function keptNumber(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text))
    throw wrongUsage(
      `--to ${text} is not the number of a kept image`,
      'See venv-packer rollback IMAGE --list.',
    )
  return Number(text)
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

/** Parses 4096, 64K, 128KiB or 1M. K, M and G are powers of 1024, as in mksquashfs. Undefined for any other text. */
export function parseByteSize(text: string): number | undefined {
  const match = /^(\d{1,15})(?:([kmg])(?:i?b)?|b)?$/i.exec(text.trim())
  if (!match) return undefined
  return Number(match[1]) * (UNITS[match[2]?.toLowerCase() ?? ''] ?? 1)
}

export function blockSize(text: string, { seeHelp }: ReadContext): number {
  const bytes = parseByteSize(text)
  if (bytes === undefined)
    throw wrongUsage(`--block-size ${text} is not a size: write 131072, 128K or 1M`, seeHelp)
  const isPowerOfTwo = Number.isInteger(Math.log2(bytes))
  if (bytes < 4096 || bytes > 1024 * 1024 || !isPowerOfTwo)
    throw wrongUsage(`--block-size ${text} does not exist: it is a power of two from 4K to 1M`, seeHelp)
  return bytes
}

/** The owner of the files in the image. */
export type Owner = NonNullable<PackOptions['owner']>

/** Ids are unsigned 32-bit numbers. For the kernel the highest one means "no id". */
const MAX_ID = 0xffff_fffe

/** Parses `keep`, `root` or `UID:GID`. Undefined for any other text. */
export function parseOwner(text: string): Owner | undefined {
  if (text === 'keep' || text === 'root') return text
  const match = /^(\d{1,10}):(\d{1,10})$/.exec(text)
  if (!match) return undefined
  const [uid, gid] = [Number(match[1]), Number(match[2])]
  return uid <= MAX_ID && gid <= MAX_ID ? { uid, gid } : undefined
}

export function owner(text: string, { seeHelp }: ReadContext): Owner {
  return (
    parseOwner(text) ?? refuse(`--owner ${text} is unknown: it is keep, root, or UID:GID in numbers`, seeHelp)
  )
}

/** Parses `0,1`: each level once, in ascending order. Undefined for any other text. */
export function parseLevels(text: string): readonly Level[] | undefined {
  if (!/^[012](,[012])*$/.test(text)) return undefined
  return ([0, 1, 2] as const).filter((level) => text.includes(String(level)))
}

export function bytecodeLevels(text: string, { seeHelp }: ReadContext): readonly Level[] {
  return (
    parseLevels(text) ??
    refuse(`--optimize ${text} is unknown: it is one or more of 0, 1, 2 with commas between`, seeHelp)
  )
}

/** An absolute path. Symlinks are not followed, since it may be a path on another machine. */
export function mountPoint(text: string): string {
  return resolve(text)
}

function refuse(message: string, remedy: string): never {
  throw wrongUsage(message, remedy) satisfies Failure
}

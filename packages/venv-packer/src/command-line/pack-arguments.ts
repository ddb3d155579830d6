/** The command line of `venv-packer pack`: what it accepts, and the request that it becomes. */
import type { Command } from 'commander'
import { type Level, parseLevels, usualLevels } from '../bytecode/levels.js'
import type { PackRequest } from '../commands/pack.js'
import { wrongUsage } from '../errors/failure.js'
import {
  type Compressor,
  chooseCompression,
  compressors,
  type Encoder,
  encoders,
} from '../image/compression.js'
import { type Owner, parseOwner } from '../image/owner.js'
import { packageVersion } from '../version.js'
import { parseByteSize } from './byte-size.js'
import { optionWithChoices } from './choices.js'
import { packHelp } from './help.js'
import { readMountPoint } from './mount-point.js'
import type { ReportStyle } from './report-style.js'

/** The options as Commander hands them over: texts, and true for what was named. */
export interface PackOptions {
  readonly output?: string
  readonly compression: string
  readonly level?: string
  readonly encoder?: string
  readonly blockSize: string
  readonly compile?: boolean
  readonly optimize?: string
  readonly exclude: readonly string[]
  readonly xattrs: boolean
  readonly owner: string
  readonly threads?: string
  readonly mountPoint?: string
  readonly force?: true
  readonly keep?: string
  readonly base: string | boolean
  readonly check: boolean
  readonly strict?: true
  readonly anyDirectory?: true
  readonly json?: true
  readonly quiet?: true
  readonly progress: boolean
  readonly debug?: true
}

/** What each option means is said in `help.ts`. */
export function definePack(program: Command, run: (request: PackRequest, style: ReportStyle) => void): void {
  const command = withImageOptions(program.command('pack').argument('<venv>'))
    .option('--any-directory')
    .option('--compile')
    .action((venv: string, options: PackOptions) => run(packRequest(venv, options), reportStyle(options)))
  command.helpInformation = () => packHelp
}

/** The options of every command that writes an image. */
export function withImageOptions(command: Command): Command {
  return command
    .option('-o, --output <image>')
    .option('-f, --force')
    .option('--keep <n>')
    .option('--base <image>')
    .option('--no-base')
    .addOption(optionWithChoices('--compression <name>', compressors).default('zstd'))
    .option('--level <n>')
    .addOption(optionWithChoices('--encoder <name>', encoders))
    .option('--block-size <size>', '', '128K')
    .option('--mount-point <path>')
    .option('--optimize <levels>')
    .option('--exclude <glob>', '', append, [])
    .option('--no-xattrs')
    .addOption(optionWithChoices('--owner <owner>', ['keep', 'root']).default('keep'))
    .option('--threads <n>')
    .option('--no-check')
    .option('--strict')
    .option('--json')
    .option('-q, --quiet')
    .option('--no-progress')
    .option('--debug')
    .version(packageVersion(), '-V, --version')
}

function packRequest(source: string, options: PackOptions): PackRequest {
  if (source === '') throw wrongUsage('the path of the venv is empty', 'Was a shell variable in it not set?')
  return { ...imageRequest(options), source, anyDirectory: options.anyDirectory ?? false }
}

/** All that decides an image, besides what is packed. */
export function imageRequest(options: PackOptions): Omit<PackRequest, 'source' | 'anyDirectory'> {
  if (options.output === '') throw wrongUsage('--output is empty', 'Was a shell variable in it not set?')
  if (options.exclude.includes(''))
    throw wrongUsage('--exclude is empty', 'Was a shell variable in it not set?')
  if (options.strict && !options.check)
    throw wrongUsage('--strict and --no-check contradict each other', 'Leave one of them out.')
  const level = options.level === undefined ? undefined : wholeNumber('--level', options.level)
  return {
    output: options.output,
    force: options.force === true || options.keep !== undefined,
    keep: options.keep === undefined ? undefined : previousImages(options.keep),
    base: base(options.base),
    compression: chooseCompression(compressor(options.compression), level, encoder(options.encoder)),
    blockSize: blockSize(options.blockSize),
    compile: levels(options),
    exclude: options.exclude,
    xattrs: options.xattrs ? 'keep' : 'none',
    owner: owner(options.owner),
    threads: options.threads === undefined ? undefined : threads(options.threads),
    mountPoint: readMountPoint(options.mountPoint),
    check: options.check,
    strict: options.strict ?? false,
  }
}

/** Commander says true where neither option was given, and false for --no-base. */
function base(option: string | boolean | undefined): string | null | undefined {
  if (option === '') throw wrongUsage('--base is empty', 'Was a shell variable in it not set?')
  if (typeof option === 'string') return option
  return option === false ? null : undefined
}

export function reportStyle(options: PackOptions): ReportStyle {
  const quiet = options.quiet ?? false
  return {
    json: options.json ?? false,
    quiet,
    progress: options.progress && !quiet,
    debug: options.debug ?? false,
  }
}

export function append(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value]
}

function compressor(text: string): Compressor {
  const known = compressors.find((name) => name === text)
  if (known === undefined)
    throw wrongUsage(`--compression ${text} is unknown: it is one of ${compressors.join(', ')}`)
  return known
}

function encoder(text: string | undefined): Encoder | undefined {
  const known = encoders.find((name) => name === text)
  if (text !== undefined && known === undefined)
    throw wrongUsage(`--encoder ${text} is unknown: it is one of ${encoders.join(', ')}`)
  return known
}

function blockSize(text: string): number {
  const bytes = parseByteSize(text)
  if (bytes === undefined) throw wrongUsage(`--block-size ${text} is not a size: write 131072, 128K or 1M`)
  const powerOfTwo = Number.isInteger(Math.log2(bytes))
  if (bytes < 4096 || bytes > 1024 * 1024 || !powerOfTwo) {
    throw wrongUsage(`--block-size ${text} does not exist: it is a power of two from 4K to 1M`)
  }
  return bytes
}

function owner(text: string): Owner {
  const known = parseOwner(text)
  if (known === undefined)
    throw wrongUsage(`--owner ${text} is unknown: it is keep, root, or UID:GID in numbers`)
  return known
}

/** Naming levels is asking for them. */
function levels({ compile, optimize }: PackOptions): readonly Level[] | undefined {
  if (optimize === undefined) return compile ? usualLevels : undefined
  const known = parseLevels(optimize)
  if (known === undefined)
    throw wrongUsage(`--optimize ${optimize} is unknown: it is one or more of 0, 1, 2 with commas between`)
  return known
}

const mostThreads = 1024

function threads(text: string): number {
  const count = wholeNumber('--threads', text)
  if (count < 1 || count > mostThreads)
    throw wrongUsage(`--threads ${text} is not possible: it goes from 1 to ${mostThreads}`)
  return count
}

const mostKept = 1000

function previousImages(text: string): number {
  const count = wholeNumber('--keep', text)
  if (count === 0)
    throw wrongUsage('--keep 0 keeps nothing', 'To replace the image and keep none, use --force.')
  if (count > mostKept) throw wrongUsage(`--keep ${text} is not possible: it goes from 1 to ${mostKept}`)
  return count
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw wrongUsage(`${option} ${text} is not a whole number`)
  return Number(text)
}

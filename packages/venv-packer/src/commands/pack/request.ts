/** Defines the request of `pack`, the part that `create` shares, and the report. */
import type { Census, ImageResult } from 'squashfs-writer'
import type { Bytecode } from '../../bytecode/compiler.js'
import { DEFAULT_LEVELS, type Level } from '../../bytecode/modules.js'
import type { Finding } from '../../check/finding.js'
import type { PackageShare } from '../../check/packages.js'
import type { Relocation } from '../../check/relocation.js'
import type { Values } from '../../cli/commands.js'
import type { Owner } from '../../cli/values.js'
import type { Environment } from '../../environment/environment.js'
import { wrongUsage } from '../../failure.js'
import { type Compression, chooseCompression } from '../../image/compression.js'
import type { Destination } from '../../image/destination.js'
import type { PreviousImages } from '../../image/kept.js'

/** The request of the command line. Paths are as the user typed them. */
export interface PackRequest extends ImageRequest {
  readonly source: string
  /** Accept a directory that is not a virtual environment. */
  readonly anyDirectory: boolean
}

/** The options that determine an image, besides its source. */
export interface ImageRequest {
  /** Undefined: the default name in the current directory. */
  readonly output: string | undefined
  /** Replace an existing image. */
  readonly force: boolean
  /** The number of previous images to keep. Undefined: the image that is replaced is removed. */
  readonly keep?: number | undefined
  /** The image to take unchanged files from. Undefined: the image that is replaced; null: none. */
  readonly base?: string | null | undefined
  readonly compression: Compression
  readonly blockSize: number
  /** The levels to compile the modules at; undefined: do not compile them. */
  readonly compile: readonly Level[] | undefined
  readonly exclude: readonly string[]
  readonly xattrs: 'keep' | 'none'
  readonly owner: Owner
  /** Undefined: one for each core. */
  readonly threads: number | undefined
  /** The mount point of the image, absolute. Undefined: where it works, or beside the image. */
  readonly mountPoint: string | undefined
  /** Whether to check the environment. */
  readonly check: boolean
  /** Whether warnings of the check count as errors. */
  readonly strict: boolean
}

export interface PackReport {
  readonly request: PackRequest
  readonly environment: Environment
  readonly destination: Destination
  /** Undefined without the check. */
  readonly relocation: Relocation | undefined
  readonly findings: readonly Finding[]
  readonly packages: readonly PackageShare[]
  readonly result: ImageResult
  /** The census of the environment's directory. That of `result` includes the compiled bytecode. */
  readonly found: Census
  /** Undefined if modules were not compiled. */
  readonly bytecode: Bytecode | undefined
  /** Undefined if previous images are not kept. */
  readonly previous: PreviousImages | undefined
  /** The tool with which `create` made the environment; absent for `pack`. */
  readonly createdWith?: 'uv' | 'venv'
  readonly seconds: number
}

export function packRequest(values: Values<'pack'>): PackRequest {
  return { ...imageRequest(values), source: values.venv, anyDirectory: values.anyDirectory }
}

/** Reads the options that determine an image, besides its source. */
export function imageRequest(values: Values<'pack'> | Values<'create'>): ImageRequest {
  const { strict, check, compression, level, encoder } = values
  if (strict && !check)
    throw wrongUsage('--strict and --no-check contradict each other', 'Leave one of them out.')
  return {
    output: values.output,
    force: values.force || values.keep !== undefined,
    keep: values.keep,
    base: baseOf(values.base),
    compression: chooseCompression(compression, level, encoder),
    blockSize: values.blockSize,
    compile: levels(values),
    exclude: values.exclude,
    xattrs: values.xattrs ? 'keep' : 'none',
    owner: values.owner,
    threads: values.threads,
    mountPoint: values.mountPoint,
    check,
    strict,
  }
}

/** Commander gives `--base` and `--no-base` the same name: the value is false if `--no-base` came last. */
function baseOf(option: unknown): string | null | undefined {
  if (option === false) return null
  return typeof option === 'string' ? option : undefined
}

/** `--optimize` implies `--compile`. */
function levels({ compile, optimize }: Values<'pack'> | Values<'create'>): readonly Level[] | undefined {
  return optimize ?? (compile ? DEFAULT_LEVELS : undefined)
}

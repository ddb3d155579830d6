/** The request of `pack`, the part of it that `create` has as well, and the report on it. */
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

/** The request of the command line; paths are still as they were typed. */
export interface PackRequest extends ImageRequest {
  readonly source: string
  /** Pack a directory that is not a virtual environment, too. */
  readonly anyDirectory: boolean
}

/** All that decides an image, besides its source. */
export interface ImageRequest {
  /** Undefined: the default name in the current directory. */
  readonly output: string | undefined
  /** Replace an existing image. */
  readonly force: boolean
  /** With `force`: keep so many previous images under numbered names. Undefined: the image that is replaced is gone. */
  readonly keep?: number | undefined
  /** The image from which unchanged files are taken over. Undefined: the one that is replaced; null: none. */
  readonly base?: string | null | undefined
  readonly compression: Compression
  readonly blockSize: number
  /** Levels at which the modules are compiled; undefined: they are packed as they are. */
  readonly compile: readonly Level[] | undefined
  readonly exclude: readonly string[]
  readonly xattrs: 'keep' | 'none'
  readonly owner: Owner
  /** Undefined: one for each core. */
  readonly threads: number | undefined
  /** Where the image will be mounted, absolute. Undefined: where it works, or beside the image. */
  readonly mountPoint: string | undefined
  /** Check first for faults of the image. */
  readonly check: boolean
  /** Warnings of the check are failures. */
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
  /** The counts of the environment's directory; those of the result are with the bytecode. */
  readonly found: Census
  /** Undefined when none was asked for. */
  readonly bytecode: Bytecode | undefined
  /** Undefined when previous images are not kept. */
  readonly previous: PreviousImages | undefined
  /** The tool that made the environment; absent for one that was there. */
  readonly createdWith?: 'uv' | 'venv'
  readonly seconds: number
}

export function packRequest(values: Values<'pack'>): PackRequest {
  return { ...imageRequest(values), source: values.venv, anyDirectory: values.anyDirectory }
}

/** All that decides an image, besides its source. */
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

/** Commander has both options under one name: false where `--no-base` was the last of them. */
function baseOf(option: unknown): string | null | undefined {
  if (option === false) return null
  return typeof option === 'string' ? option : undefined
}

/** Naming levels is asking for bytecode. */
function levels({ compile, optimize }: Values<'pack'> | Values<'create'>): readonly Level[] | undefined {
  return optimize ?? (compile ? DEFAULT_LEVELS : undefined)
}

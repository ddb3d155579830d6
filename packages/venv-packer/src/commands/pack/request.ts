/** What a command line of `pack` asks for, and the part of it that `create` asks for as well. */
import type { Level } from '../../bytecode/modules.js'
import type { Values } from '../../cli/commands.js'
import { wrongUsage } from '../../failure.js'
import { chooseCompression } from '../../image/compression.js'
import type { ImageRequest, PackRequest } from './pack.js'

export function packRequest(values: Values<'pack'>): PackRequest {
  return { ...imageRequest(values), source: values.venv, anyDirectory: values.anyDirectory }
}

/** All that decides an image, besides what is packed. */
export function imageRequest(values: Values<'pack'> | Values<'create'>): ImageRequest {
  const { strict, check, compression, level, encoder } = values
  if (strict && !check)
    throw wrongUsage('--strict and --no-check contradict each other', 'Leave one of them out.')
  return {
    output: values.output,
    force: values.force || values.keep !== undefined,
    keep: values.keep,
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

/** That of plain `python`. */
const usualLevels: readonly Level[] = [0]

/** Naming levels is asking for bytecode. */
function levels({ compile, optimize }: Values<'pack'> | Values<'create'>): readonly Level[] | undefined {
  return optimize ?? (compile ? usualLevels : undefined)
}

/** Rows and texts of the command table that several commands share. */
import { COMPRESSORS, ENCODERS } from '../image/compression.js'
import type { OptionRow } from './table.js'
import { blockSize, bytecodeLevels, keptImages, mountPoint, number, owner } from './values.js'

export const image = { syntax: '<image>', called: 'the path of the image' } as const

export const DEFAULT_EXIT_CODES = '0 done, 1 failed, 2 wrong usage'

export const json = {
  flags: '--json',
  help: 'print one JSON object on standard output, also for errors',
} as const
export const quiet = { flags: '-q, --quiet', help: 'print nothing but errors' } as const
export const onlyExitCode = {
  flags: '-q, --quiet',
  help: 'print nothing; the exit code is the result',
} as const
export const debug = { flags: '--debug', help: 'print stack traces of errors' } as const

/** The options of commands that print a report. */
export const style = { json, quiet, debug } as const

export const exclude = {
  flags: '--exclude <glob>',
  repeatable: true,
  help: 'leave out paths that match; a pattern without a slash matches names at any depth; repeatable',
} as const satisfies OptionRow

export const anyDirectory = {
  flags: '--any-directory',
  help: 'accept a directory that is not a virtual environment',
} as const

export const xattrs = { flags: '--no-xattrs', help: 'leave out extended attributes' } as const

export const mountPointOf = <H extends string>(help: H) =>
  ({ flags: '--mount-point <path>', read: mountPoint, help }) as const

/** The options of every command that writes an image. */
export const imageOptions = <O extends string>(output: O) =>
  ({
    output: { flags: '-o, --output <image>', help: output },
    force: {
      flags: '-f, --force',
      help: 'replace an existing image; jobs that have it mounted are not affected',
    },
    keep: {
      flags: '--keep <n>',
      read: keptImages,
      help: 'replace an existing image, and keep the last n replaced images under numbered names (see venv-packer rollback)',
    },
    base: {
      flags: '--base <image>',
      help: 'take unchanged files from this image instead of compressing them again (default: the image that is replaced)',
    },
    takesOver: {
      flags: '--no-base',
      help: 'take nothing from another image; the result is the same',
    },
    compression: {
      flags: '--compression <name>',
      choices: COMPRESSORS,
      default: 'zstd',
      help: 'zstd, gzip or none (default: zstd)',
    },
    level: {
      flags: '--level <n>',
      read: number(),
      help: 'zstd 1 to 22 (default: 3), gzip 1 to 9 (default: 9)',
    },
    encoder: {
      flags: '--encoder <name>',
      choices: ENCODERS,
      help: 'the zstd of node, or the bundled one, which gives the same bytes on every version of Node (default: node if it has zstd)',
    },
    blockSize: {
      flags: '--block-size <size>',
      read: blockSize,
      default: '128K',
      help: 'a power of two from 4K to 1M (default: 128K)',
    },
  }) as const

export const contentOptions = {
  optimize: {
    flags: '--optimize <levels>',
    read: bytecodeLevels,
    help: 'add bytecode of these levels, separated by commas: 0 for python, 1 for python -O, 2 for python -OO (default: 0)',
  },
  exclude,
  xattrs,
  owner: {
    flags: '--owner <owner>',
    read: owner,
    default: 'keep',
    suggestions: ['keep', 'root'],
    help: 'the owner of all files: keep, root, or UID:GID (default: keep)',
  },
} as const satisfies Record<string, OptionRow>

export const strict = { flags: '--strict', help: 'treat warnings as errors: no image is written' } as const

export const packingOptions = {
  threads: {
    flags: '--threads <n>',
    read: number({ from: 1, to: 1024 }),
    help: 'compile and compress with this many threads (default: one for each core)',
  },
  json,
  quiet,
  progress: { flags: '--no-progress', help: 'no progress bar' },
  debug,
} as const satisfies Record<string, OptionRow>

/** The rows of the commands that read an image, for the table in `commands.ts`. */
import { DEFAULT_EXIT_CODES, debug, image, json, onlyExitCode, style, xattrs } from './options.js'
import type { CommandRow } from './table.js'

const inImage = { called: 'a path in the image', hint: 'The root is /.' } as const

export const imageCommands = {
  info: {
    short: 'info <image>',
    summary: 'print the properties of an image, and its packages',
    usage: '[options] <image>',
    about: `Prints the properties of an image: its Python, where it can be mounted, its packages with
versions and sizes, its compression, duplicates and date.`,
    operands: { image },
    options: [{ title: 'Options', rows: { json, debug } }],
    examples: '  venv-packer info venv.squashfs',
    exitCodes: DEFAULT_EXIT_CODES,
  },
  list: {
    short: 'list <image> [path]',
    summary: 'list the files of an image, like ls -l',
    usage: '[options] <image> [path-in-image]',
    about: `Lists the files of an image like ls -l: mode, links, owner and group as numbers, bytes,
time, name. The image need not be mounted. A path is relative to the image's root.
Symlinks in its directories are followed; a path that is a symlink itself is followed if
it ends with a slash.`,
    operands: { image, path: { syntax: '[path-in-image]', ...inImage } },
    options: [
      {
        title: 'Options',
        rows: {
          recursive: { flags: '-R, --recursive', help: 'list subdirectories as well' },
          json,
          debug,
        },
      },
    ],
    examples: `  venv-packer list venv.squashfs
  venv-packer list venv.squashfs lib/python3.12/site-packages
  venv-packer list -R venv.squashfs | less`,
    exitCodes: DEFAULT_EXIT_CODES,
  },
  cat: {
    short: 'cat <image> <path>',
    summary: 'print the content of a file in an image',
    usage: '[options] <image> <path-in-image>',
    about: `Writes the content of a file in an image to standard output. Symlinks within the image are
followed.`,
    operands: { image, path: { syntax: '<path-in-image>', ...inImage } },
    options: [{ title: 'Options', rows: { debug } }],
    examples: '  venv-packer cat venv.squashfs pyvenv.cfg',
    exitCodes: DEFAULT_EXIT_CODES,
  },
  extract: {
    short: 'extract <image> [paths]',
    summary: 'extract an image, or parts of it, into a directory',
    usage: '[options] <image> [path-in-image...]',
    about: `Extracts an image into a directory, or the given paths with their parent directories.
Modes, times, hard links, holes and extended attributes are kept, and for root the owners.
Nothing is written outside of the directory, whatever the image contains.`,
    operands: { image, paths: { syntax: '[path-in-image...]', ...inImage } },
    options: [
      {
        title: 'Options',
        rows: {
          output: {
            flags: '-o, --output <directory>',
            help: 'the directory; it is made if it does not exist',
          },
          force: {
            flags: '-f, --force',
            help: 'replace existing files; other files in the directory stay',
          },
          xattrs,
          ...style,
        },
      },
    ],
    examples: `  venv-packer extract venv.squashfs -o venv
  venv-packer extract venv.squashfs lib/python3.12/site-packages/numpy -o numpy-only`,
    exitCodes: DEFAULT_EXIT_CODES,
  },
  verify: {
    short: 'verify <image>',
    summary: 'read a whole image, and report damage',
    usage: '[options] <image>',
    about: `Reads the whole image: decompresses every block, follows every reference, and compares the
tables. Reports what is damaged. Squashfs has no checksums: a flipped bit in the content
of a file is found only if the block cannot be decompressed any more.`,
    operands: { image },
    options: [{ title: 'Options', rows: { json, quiet: onlyExitCode, debug } }],
    examples: `  venv-packer verify venv.squashfs
  venv-packer verify -q venv.squashfs && cp venv.squashfs /scratch/`,
    exitCodes: '0 undamaged, 1 damaged or failed, 2 wrong usage',
  },
} as const satisfies Record<string, CommandRow>

/** The rows of the commands that read an image, for the table in `commands.ts`. */
import { DEFAULT_EXIT_CODES, debug, image, json, onlyExitCode, style, xattrs } from './options.js'
import type { CommandRow } from './table.js'

const inImage = { called: 'a path in the image', hint: 'The root is /.' } as const

export const imageCommands = {
  info: {
    short: 'info <image>',
    summary: 'say what an image is, and which packages are in it',
    usage: '[options] <image>',
    about: `Says what an image is: its Python, where it can be mounted, its packages with their
versions and how much of the image they take, its compression, its duplicates, its age.`,
    operands: { image },
    options: [{ title: 'Options', rows: { json, debug } }],
    examples: '  venv-packer info venv.squashfs',
    exitCodes: DEFAULT_EXIT_CODES,
  },
  list: {
    short: 'list <image> [path]',
    summary: 'list what is in an image, as ls -l',
    usage: '[options] <image> [path-in-image]',
    about: `Lists what is in an image, as ls -l does: mode, links, owner and group in numbers, bytes,
time, name. The image need not be mounted. A path begins at the image's root; symlinks on
the way are followed, and the last one is with a slash behind it.`,
    operands: { image, path: { syntax: '[path-in-image]', ...inImage } },
    options: [
      {
        title: 'Options',
        rows: {
          recursive: { flags: '-R, --recursive', help: 'list all directories below, too' },
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
    summary: 'write a file of an image to standard output',
    usage: '[options] <image> <path-in-image>',
    about: `Writes the content of a file in an image to standard output. Symlinks are followed, as far
as they stay in the image.`,
    operands: { image, path: { syntax: '<path-in-image>', ...inImage } },
    options: [{ title: 'Options', rows: { debug } }],
    examples: '  venv-packer cat venv.squashfs pyvenv.cfg',
    exitCodes: DEFAULT_EXIT_CODES,
  },
  extract: {
    short: 'extract <image> [paths]',
    summary: 'write an image, or parts of it, into a directory',
    usage: '[options] <image> [path-in-image...]',
    about: `Writes an image into a directory, or parts of it with the directories that they are in.
Modes, times, hard links, holes and extended attributes are kept, and for root the owners.
Nothing is written outside of the directory, whatever is in the image.`,
    operands: { image, paths: { syntax: '[path-in-image...]', ...inImage } },
    options: [
      {
        title: 'Options',
        rows: {
          output: {
            flags: '-o, --output <directory>',
            help: 'the directory, which is made if it is missing',
          },
          force: {
            flags: '-f, --force',
            help: 'replace existing files; other files in the directory are kept',
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
    summary: 'read all that is in an image, and say whether it is whole',
    usage: '[options] <image>',
    about: `Reads all that is in an image: every block is decompressed, every reference is followed,
and the tables are compared. Says what is damaged. Images have no checksums: a bit that
has flipped in a file's bytes shows only if it makes them impossible to decompress.`,
    operands: { image },
    options: [{ title: 'Options', rows: { json, quiet: onlyExitCode, debug } }],
    examples: `  venv-packer verify venv.squashfs
  venv-packer verify -q venv.squashfs && cp venv.squashfs /scratch/`,
    exitCodes: '0 sound, 1 damaged or failed, 2 wrong usage',
  },
} as const satisfies Record<string, CommandRow>

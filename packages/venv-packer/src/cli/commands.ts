/** The table of commands and their options: parsing, help and completion come from it, and from nothing else. */
import { methodNames } from '../mount/method.js'
import {
  anyDirectory,
  contentOptions,
  debug,
  exclude,
  imageOptions,
  json,
  mountPointOf,
  onlyExitCode,
  packingOptions,
  strict,
  style,
  xattrs,
} from './options.js'
import type { CommandRow, ValuesOf } from './table.js'
import { keptNumber } from './values.js'

const image = { syntax: '<image>', called: 'the path of the image' } as const
const inImage = { called: 'a path in the image', hint: 'The root is /.' } as const
const checkTitle = 'The check, which comes first (see venv-packer check --help)'
const usualExitCodes = '0 done, 1 failed, 2 wrong usage'
const packingExitCodes = `${usualExitCodes}, 130 after Ctrl-C, 143 after SIGTERM`

/** In the order in which the help lists them. */
export const commands = {
  pack: {
    short: 'pack <venv>',
    summary: 'pack a virtual environment into an image',
    usage: '[options] <venv>',
    about: `Packs a Python virtual environment into one squashfs image. The image appears under
its name only when it is complete; the venv is not touched.`,
    operands: { venv: { syntax: '<venv>', called: 'the path of the venv' } },
    options: [
      {
        title: 'The image',
        rows: {
          ...imageOptions(
            "where it goes (default: the folder's name without its leading dot, plus .squashfs, in the current folder)",
          ),
          mountPoint: mountPointOf(
            'where it will be mounted, for the lines that are printed (default: where the venv works; if it works anywhere, beside the image)',
          ),
        },
      },
      {
        title: 'What goes in',
        rows: {
          anyDirectory,
          compile: {
            flags: '--compile',
            help: "the modules' bytecode, too, so that no import ever compiles; the venv's own Python makes it, the venv is not touched",
          },
          ...contentOptions,
        },
      },
      {
        title: checkTitle,
        rows: {
          strict,
          check: {
            flags: '--no-check',
            help: 'leave it out: where time counts, and the venv is known to be well',
          },
        },
      },
      { title: 'How', rows: packingOptions },
    ],
    examples: `  venv-packer pack .venv                             writes venv.squashfs here
  venv-packer pack .venv -o /scratch/py.squashfs -f  replaces it if it is there
  venv-packer pack .venv --keep 2                    renews it; rollback goes back
  venv-packer pack .venv --compression gzip          for kernels without zstd
  venv-packer pack .venv --exclude '*.a' --exclude tests
  venv-packer pack .venv --compile                   with bytecode for plain python`,
    exitCodes: packingExitCodes,
  },
  create: {
    short: 'create <packages>',
    summary: 'make a new environment in memory, and pack it',
    usage: '[options] [packages...] [-- <options of the installer>]',
    about: `Makes a relocatable environment with uv, in memory where there is room, installs packages
into it, compiles their modules and packs it all. Nothing stays but the image. What
follows -- goes to uv pip install as it is.`,
    operands: { packages: { syntax: '[packages...]', called: 'the name of a package' } },
    options: [
      {
        title: 'The environment',
        rows: {
          requirements: {
            flags: '-r, --requirements <file>',
            repeatable: true,
            help: 'what is to be installed; repeatable',
          },
          python: {
            flags: '--python <python>',
            help: 'its version or its path (default: what the system has)',
          },
          with: {
            flags: '--with <tool>',
            choices: ['uv', 'venv'],
            default: 'uv',
            help: 'uv, or venv for python -m venv and pip; that works at one path only, so it needs --mount-point (default: uv)',
          },
          workDir: {
            flags: '--work-dir <folder>',
            help: 'where it is made (default: /dev/shm if 8 GB are free there, else the temporary folder)',
          },
        },
      },
      {
        title: 'The image',
        rows: {
          ...imageOptions('where it goes (default: venv.squashfs in the current folder)'),
          mountPoint: mountPointOf('where it will be mounted (default: anywhere)'),
        },
      },
      {
        title: 'What goes in',
        rows: { compile: { flags: '--no-compile', help: 'no bytecode for the modules' }, ...contentOptions },
      },
      {
        title: checkTitle,
        rows: { strict, check: { flags: '--no-check', help: 'leave the check out' } },
      },
      { title: 'How', rows: packingOptions },
    ],
    examples: `  venv-packer create -o py.squashfs numpy pandas
  venv-packer create -o py.squashfs --python 3.12 -r requirements.txt
  venv-packer create numpy -- --index-url https://packages.example.org/simple
  venv-packer create --with venv --mount-point /opt/py numpy`,
    exitCodes: packingExitCodes,
    rest: 'options',
  },
  check: {
    short: 'check <venv>',
    summary: 'say what would go wrong with the image, before it is packed',
    usage: '[options] <venv>',
    about: `Says what would go wrong where the image of a virtual environment is used, before
it is packed: what, where, what will happen, and the remedy. Nothing is changed.`,
    operands: { venv: { syntax: '<venv>', called: 'the path of the venv' } },
    options: [
      { title: 'What is looked at', rows: { anyDirectory, exclude } },
      {
        title: 'How it is judged',
        rows: {
          mountPoint: mountPointOf('where the image will be mounted'),
          strict: { flags: '--strict', help: 'warnings count as errors' },
        },
      },
      { title: 'How', rows: { json, quiet: onlyExitCode, debug } },
    ],
    examples: `  venv-packer check .venv
  venv-packer check .venv --mount-point /scratch/me/.venv
  venv-packer check .venv --strict --quiet && venv-packer pack .venv`,
    exitCodes: '0 no errors (with --strict: and no warnings), 1 errors, 2 wrong usage',
  },
  run: {
    short: 'run <image> -- <command>',
    summary: 'run a command in the environment of an image',
    usage: '[options] <image> -- <command> [arguments]',
    about: `Runs a command with the image mounted and its environment active: VIRTUAL_ENV is set, and
the image's bin comes first in PATH. Nothing stays mounted.`,
    operands: { image },
    options: [
      {
        title: 'Options',
        rows: {
          at: {
            flags: '--at <folder>',
            help: 'mount it there (default: where the venv works; if it works anywhere, a directory of its own in /tmp, the same each time)',
          },
          with: {
            flags: '--with <way>',
            choices: methodNames,
            help: 'mount it in this way, and try no other',
          },
          dryRun: { flags: '--dry-run', help: 'show the ways, and what would be run' },
          json: { flags: '--json', help: 'with --dry-run: one JSON object on standard output' },
          debug: { flags: '--debug', help: 'say why a way did not work; stacks with the errors' },
        },
      },
    ],
    terms: {
      title: 'The ways, in the order in which they are tried',
      rows: [
        ['squashfs-mount', 'the setuid program of CSCS; the kernel mounts'],
        ['mount', 'for root: the kernel mounts, and only the command sees it'],
        ['user-namespace', 'squashfuse mounts, and only the command sees it'],
        ['squashfuse', 'squashfuse mounts, and all of your processes see it'],
      ],
    },
    examples: `  venv-packer run venv.squashfs -- python train.py
  venv-packer run venv.squashfs -- bash
  srun venv-packer run $SCRATCH/venv.squashfs -- python train.py`,
    exitCodes: `those of the command, 128 + n if signal n ended it; 125 if it was not
started, 126 if it cannot be executed, 127 if there is no such command; 2 wrong usage`,
    rest: 'command',
  },
  rollback: {
    short: 'rollback <image>',
    summary: 'go back to an image that was kept when it was renewed',
    usage: '[options] <image>',
    about: `Goes back to an image that pack --keep has kept: it takes the image's name again, at once
and whole. The image until then is kept in turn, so that a second rollback undoes the
first. Jobs go on with the image that they have mounted.`,
    operands: { image },
    options: [
      {
        title: 'Options',
        rows: {
          to: {
            flags: '--to <k>',
            read: keptNumber,
            help: 'go back to the kept image of this number (default: the newest)',
          },
          list: {
            flags: '-l, --list',
            conflicts: 'to',
            help: 'only list the kept images: number, date, size',
          },
          ...style,
        },
      },
    ],
    note: `A number only grows and is not given again: venv.squashfs.3 is one and the same image as
long as it is there.`,
    examples: `  venv-packer rollback venv.squashfs --list
  venv-packer rollback venv.squashfs
  venv-packer rollback venv.squashfs --to 3`,
    exitCodes: usualExitCodes,
  },
  diff: {
    short: 'diff <old> <new>',
    summary: 'say which packages differ between two environments',
    usage: '[options] <old> <new>',
    about: `Says which packages were added, removed or changed from one virtual environment to
another; each is a virtual environment or an image.`,
    operands: {
      old: { syntax: '<old>', called: 'the path of a venv' },
      new: { syntax: '<new>', called: 'the path of a venv' },
    },
    options: [{ title: 'Options', rows: { json, debug } }],
    examples: `  venv-packer diff old/.venv new/.venv
  venv-packer diff venv.squashfs .venv   what the next renewal of an image changes
  venv-packer diff venv.squashfs.3 venv.squashfs`,
    exitCodes: '0 done, also when they differ; 1 failed, 2 wrong usage',
  },
  info: {
    short: 'info <image>',
    summary: 'say what an image is, and which packages are in it',
    usage: '[options] <image>',
    about: `Says what an image is: its Python, where it can be mounted, its packages with their
versions and how much of the image they take, its compression, its duplicates, its age.`,
    operands: { image },
    options: [{ title: 'Options', rows: { json, debug } }],
    examples: '  venv-packer info venv.squashfs',
    exitCodes: usualExitCodes,
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
    exitCodes: usualExitCodes,
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
    exitCodes: usualExitCodes,
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
            flags: '-o, --output <folder>',
            help: 'the directory, which is made if it is missing',
          },
          force: { flags: '-f, --force', help: 'replace what is there; other files in it are kept' },
          xattrs,
          ...style,
        },
      },
    ],
    examples: `  venv-packer extract venv.squashfs -o venv
  venv-packer extract venv.squashfs lib/python3.12/site-packages/numpy -o numpy-only`,
    exitCodes: usualExitCodes,
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
  completion: {
    short: 'completion <shell>',
    summary: "print what makes bash or zsh complete this command's words",
    usage: '<shell>',
    about: `Prints a script that makes bash or zsh complete commands, options, their values, and
paths of environments and images. To have it in every shell, add one line

  to ~/.bashrc:  source <(venv-packer completion bash)
  to ~/.zshrc:   source <(venv-packer completion zsh)    after compinit`,
    operands: { shell: { syntax: '<shell>', called: 'the name of the shell', choices: ['bash', 'zsh'] } },
    options: [{ title: 'Options', rows: {} }],
  },
} as const satisfies Record<string, CommandRow>

export type CommandName = keyof typeof commands

/** The values of one command's options and operands. */
export type Values<N extends CommandName> = ValuesOf<(typeof commands)[N]>

/** A command line that was read: the command, its values, and what follows `--`, untouched; undefined without one. */
export type Invocation<N extends CommandName = CommandName> = {
  readonly [M in N]: {
    readonly command: M
    readonly values: Values<M>
    readonly rest: readonly string[] | undefined
  }
}[N]

/** What is known of a command by its name; undefined where there is no such command. */
export function commandNamed(name: string): CommandRow | undefined {
  return Object.hasOwn(commands, name) ? commands[name as CommandName] : undefined
}

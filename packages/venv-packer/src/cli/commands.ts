/** The table of commands and their options. Parsing, help and completion are made from it. */
import { MOUNT_METHOD_NAMES } from '../mount/methods.js'
import { imageCommands } from './image-commands.js'
import {
  anyDirectory,
  contentOptions,
  DEFAULT_EXIT_CODES,
  debug,
  exclude,
  image,
  imageOptions,
  json,
  mountPointOf,
  onlyExitCode,
  packingOptions,
  strict,
  style,
} from './options.js'
import type { CommandRow, ValuesOf } from './table.js'
import { keptNumber } from './values.js'

const CHECK_TITLE = 'Check (see venv-packer check --help)'
const PACKING_EXIT_CODES = `${DEFAULT_EXIT_CODES}, 130 after Ctrl-C, 143 after SIGTERM`

/** In the order in which the help lists them. */
export const commands = {
  pack: {
    short: 'pack <venv>',
    summary: 'pack a virtual environment into an image',
    usage: '[options] <venv>',
    about: `Packs a Python virtual environment into one squashfs image. The image appears under
its name only when it is complete. The venv is not changed.`,
    operands: { venv: { syntax: '<venv>', called: 'the path of the venv' } },
    options: [
      {
        title: 'The image',
        rows: {
          ...imageOptions(
            "the path of the image (default: the directory's name without its leading dot, plus .squashfs, in the current directory)",
          ),
          mountPoint: mountPointOf(
            'where it will be mounted, for the check and the printed commands (default: where the venv works; if it works anywhere, beside the image)',
          ),
        },
      },
      {
        title: 'Contents',
        rows: {
          anyDirectory,
          compile: {
            flags: '--compile',
            help: "add bytecode for all modules, so that no import has to compile; the venv's own Python makes it, the venv is not changed",
          },
          ...contentOptions,
        },
      },
      {
        title: CHECK_TITLE,
        rows: {
          strict,
          check: {
            flags: '--no-check',
            help: 'pack without the check',
          },
        },
      },
      { title: 'Other options', rows: packingOptions },
    ],
    examples: `  venv-packer pack .venv                             writes venv.squashfs here
  venv-packer pack .venv -o /scratch/py.squashfs -f  replaces it if it is there
  venv-packer pack .venv --keep 2                    renews it; rollback goes back
  venv-packer pack .venv --compression gzip          for kernels without zstd
  venv-packer pack .venv --exclude '*.a' --exclude tests
  venv-packer pack .venv --compile                   with bytecode for plain python`,
    exitCodes: PACKING_EXIT_CODES,
  },
  create: {
    short: 'create <packages>',
    summary: 'make a new environment in memory, and pack it',
    usage: '[options] [packages...] [-- <options of the installer>]',
    about: `Makes a relocatable environment with uv, in memory if there is enough, installs packages
into it, compiles their modules and packs it. Only the image is kept. Options after --
are passed to uv pip install.`,
    operands: { packages: { syntax: '[packages...]', called: 'the name of a package' } },
    options: [
      {
        title: 'The environment',
        rows: {
          requirements: {
            flags: '-r, --requirements <file>',
            repeatable: true,
            help: 'a file that lists packages to install; repeatable',
          },
          python: {
            flags: '--python <python>',
            help: 'the version or path of Python (default: the one of the system)',
          },
          with: {
            flags: '--with <tool>',
            choices: ['uv', 'venv'],
            default: 'uv',
            help: 'uv, or venv for python -m venv and pip, whose environments work at one path only and need --mount-point (default: uv)',
          },
          workDir: {
            flags: '--work-dir <directory>',
            help: 'where to make it (default: /dev/shm if 8 GB are free there, else the temporary directory)',
          },
        },
      },
      {
        title: 'The image',
        rows: {
          ...imageOptions('the path of the image (default: venv.squashfs in the current directory)'),
          mountPoint: mountPointOf('where it will be mounted (default: anywhere)'),
        },
      },
      {
        title: 'Contents',
        rows: { compile: { flags: '--no-compile', help: 'add no bytecode' }, ...contentOptions },
      },
      {
        title: CHECK_TITLE,
        rows: { strict, check: { flags: '--no-check', help: 'pack without the check' } },
      },
      { title: 'Other options', rows: packingOptions },
    ],
    examples: `  venv-packer create -o py.squashfs numpy pandas
  venv-packer create -o py.squashfs --python 3.12 -r requirements.txt
  venv-packer create numpy -- --index-url https://packages.example.org/simple
  venv-packer create --with venv --mount-point /opt/py numpy`,
    exitCodes: PACKING_EXIT_CODES,
    rest: 'options',
  },
  check: {
    short: 'check <venv-or-image>',
    summary: 'find problems of an environment before it is packed',
    usage: '[options] <venv-or-image>',
    about: `Finds problems that the image of a virtual environment would have where it is used.
Each finding names the paths, the effect and the remedy. Nothing is changed. An existing
image can be checked as well. It need not be mounted.`,
    operands: { venvOrImage: { syntax: '<venv-or-image>', called: 'the path' } },
    options: [
      {
        title: 'Input',
        rows: {
          anyDirectory: { ...anyDirectory, help: 'accept a directory that is not a virtual environment' },
          exclude,
        },
      },
      {
        title: 'Findings',
        rows: {
          mountPoint: mountPointOf('where the image will be mounted'),
          strict: { flags: '--strict', help: 'warnings count as errors' },
        },
      },
      { title: 'Output', rows: { json, quiet: onlyExitCode, debug } },
    ],
    examples: `  venv-packer check .venv
  venv-packer check .venv --mount-point /scratch/me/.venv
  venv-packer check venv.squashfs
  venv-packer check .venv --strict --quiet && venv-packer pack .venv`,
    exitCodes: '0 no errors (with --strict: and no warnings), 1 errors, 2 wrong usage',
  },
  run: {
    short: 'run <image> -- <command>',
    summary: 'run a command in the environment of an image',
    usage: '[options] <image> -- <command> [arguments]',
    about: `Runs a command with the image mounted and its environment active: VIRTUAL_ENV is set, and
the image's bin is first in PATH. The image is unmounted afterwards.`,
    operands: { image },
    options: [
      {
        title: 'Options',
        rows: {
          at: {
            flags: '--at <directory>',
            help: 'the mount point (default: where the venv works; if it works anywhere, a directory in /tmp, the same each time)',
          },
          with: {
            flags: '--with <method>',
            choices: MOUNT_METHOD_NAMES,
            help: 'use only this mount method',
          },
          dryRun: { flags: '--dry-run', help: 'print the methods and the command, and run nothing' },
          json: { flags: '--json', help: 'with --dry-run: print one JSON object on standard output' },
          debug: { flags: '--debug', help: 'print why methods did not work, and stack traces' },
        },
      },
    ],
    terms: {
      title: 'Mount methods, in the order in which they are tried',
      rows: [
        ['squashfs-mount', 'the setuid program of CSCS; the kernel mounts the image'],
        ['mount', 'for root: the kernel mounts the image; only the command sees it'],
        ['user-namespace', 'squashfuse mounts the image; only the command sees it'],
        ['squashfuse', 'squashfuse mounts the image; all of your processes see it'],
      ],
    },
    examples: `  venv-packer run venv.squashfs -- python train.py
  venv-packer run venv.squashfs -- bash
  srun venv-packer run $SCRATCH/venv.squashfs -- python train.py`,
    exitCodes: `that of the command, 128 + n if signal n ended it; 125 if it was not started,
126 if it cannot be executed, 127 if it was not found; 2 wrong usage`,
    rest: 'command',
  },
  rollback: {
    short: 'rollback <image>',
    summary: 'go back to a previous image that was kept',
    usage: '[options] <image>',
    about: `Goes back to an image that pack --keep has kept: it gets the image's name again by a
rename. The current image is kept as well, so that a second rollback undoes the first.
Jobs that have an image mounted are not affected.`,
    operands: { image },
    options: [
      {
        title: 'Options',
        rows: {
          to: {
            flags: '--to <k>',
            read: keptNumber,
            help: 'the number of the kept image (default: the newest)',
          },
          list: {
            flags: '-l, --list',
            conflicts: 'to',
            help: 'list the kept images with number, date and size, and change nothing',
          },
          ...style,
        },
      },
    ],
    note: `Numbers grow and are not reused while a higher one exists: venv.squashfs.3 never becomes a
different image.`,
    examples: `  venv-packer rollback venv.squashfs --list
  venv-packer rollback venv.squashfs
  venv-packer rollback venv.squashfs --to 3`,
    exitCodes: DEFAULT_EXIT_CODES,
  },
  diff: {
    short: 'diff <old> <new>',
    summary: 'list the packages that differ between two environments',
    usage: '[options] <old> <new>',
    about: `Lists the packages that were added, removed or changed between two virtual environments.
Each is a directory or an image.`,
    operands: {
      old: { syntax: '<old>', called: 'the path of a venv' },
      new: { syntax: '<new>', called: 'the path of a venv' },
    },
    options: [{ title: 'Options', rows: { json, debug } }],
    examples: `  venv-packer diff old/.venv new/.venv
  venv-packer diff venv.squashfs .venv   what would change if it were packed again
  venv-packer diff venv.squashfs.3 venv.squashfs`,
    exitCodes: '0 done, also if they differ; 1 failed, 2 wrong usage',
  },
  ...imageCommands,
  completion: {
    short: 'completion <shell>',
    summary: 'print the completion script for bash or zsh',
    usage: '<shell>',
    about: `Prints a script that makes bash or zsh complete commands, options, their values, and
paths of environments and images. To use it in every shell, add one line

  to ~/.bashrc:  source <(venv-packer completion bash)
  to ~/.zshrc:   source <(venv-packer completion zsh)    after compinit`,
    operands: { shellName: { syntax: '<shell>', called: 'the name of the shell', choices: ['bash', 'zsh'] } },
    options: [{ title: 'Options', rows: {} }],
  },
} as const satisfies Record<string, CommandRow>

export type CommandName = keyof typeof commands

/** The values of one command's options and operands. */
export type Values<N extends CommandName> = ValuesOf<(typeof commands)[N]>

/** A parsed command line: the command, its values, and the words after `--`. */
export type Invocation<N extends CommandName = CommandName> = {
  readonly [M in N]: {
    readonly command: M
    readonly values: Values<M>
    readonly rest: readonly string[] | undefined
  }
}[N]

/** The row of a command; undefined if there is no such command. */
export function commandNamed(name: string): CommandRow | undefined {
  return Object.hasOwn(commands, name) ? commands[name as CommandName] : undefined
}

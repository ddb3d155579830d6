/** The table of commands and their options: parsing, help and completion come from it, and from nothing else. */
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

const CHECK_TITLE = 'The check, which comes first (see venv-packer check --help)'
const PACKING_EXIT_CODES = `${DEFAULT_EXIT_CODES}, 130 after Ctrl-C, 143 after SIGTERM`

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
            "where it goes (default: the directory's name without its leading dot, plus .squashfs, in the current directory)",
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
        title: CHECK_TITLE,
        rows: {
          strict,
          check: {
            flags: '--no-check',
            help: 'pack without the check',
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
    exitCodes: PACKING_EXIT_CODES,
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
            help: 'a file that lists the packages to install; repeatable',
          },
          python: {
            flags: '--python <python>',
            help: 'its version or its path (default: the one of the system)',
          },
          with: {
            flags: '--with <tool>',
            choices: ['uv', 'venv'],
            default: 'uv',
            help: 'uv, or venv for python -m venv and pip; that works at one path only, so it needs --mount-point (default: uv)',
          },
          workDir: {
            flags: '--work-dir <directory>',
            help: 'where it is made (default: /dev/shm if 8 GB are free there, else the temporary directory)',
          },
        },
      },
      {
        title: 'The image',
        rows: {
          ...imageOptions('where it goes (default: venv.squashfs in the current directory)'),
          mountPoint: mountPointOf('where it will be mounted (default: anywhere)'),
        },
      },
      {
        title: 'What goes in',
        rows: { compile: { flags: '--no-compile', help: 'no bytecode for the modules' }, ...contentOptions },
      },
      {
        title: CHECK_TITLE,
        rows: { strict, check: { flags: '--no-check', help: 'leave the check out' } },
      },
      { title: 'How', rows: packingOptions },
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
    summary: 'say what would go wrong with the image, before it is packed',
    usage: '[options] <venv-or-image>',
    about: `Says what would go wrong where the image of a virtual environment is used, before
it is packed: what, where, what will happen, and the remedy. Nothing is changed.
An image that is there already is read as it is: it need not be mounted.`,
    operands: { venvOrImage: { syntax: '<venv-or-image>', called: 'the path' } },
    options: [
      {
        title: 'What is looked at',
        rows: {
          anyDirectory: { ...anyDirectory, help: 'a directory that is not a virtual environment, too' },
          exclude,
        },
      },
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
  venv-packer check venv.squashfs
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
            flags: '--at <directory>',
            help: 'mount it there (default: where the venv works; if it works anywhere, a directory of its own in /tmp, the same each time)',
          },
          with: {
            flags: '--with <method>',
            choices: MOUNT_METHOD_NAMES,
            help: 'mount it by this method, and try no other',
          },
          dryRun: { flags: '--dry-run', help: 'show the methods, and the command that would run' },
          json: { flags: '--json', help: 'with --dry-run: one JSON object on standard output' },
          debug: { flags: '--debug', help: 'say why a method did not work; stacks with the errors' },
        },
      },
    ],
    terms: {
      title: 'The methods, in the order in which they are tried',
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
    exitCodes: DEFAULT_EXIT_CODES,
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
  ...imageCommands,
  completion: {
    short: 'completion <shell>',
    summary: "print what makes bash or zsh complete this command's words",
    usage: '<shell>',
    about: `Prints a script that makes bash or zsh complete commands, options, their values, and
paths of environments and images. To have it in every shell, add one line

  to ~/.bashrc:  source <(venv-packer completion bash)
  to ~/.zshrc:   source <(venv-packer completion zsh)    after compinit`,
    operands: { shellName: { syntax: '<shell>', called: 'the name of the shell', choices: ['bash', 'zsh'] } },
    options: [{ title: 'Options', rows: {} }],
  },
} as const satisfies Record<string, CommandRow>

export type CommandName = keyof typeof commands

/** The values of one command's options and operands. */
export type Values<N extends CommandName> = ValuesOf<(typeof commands)[N]>

/** A command line that was read: the command, its values, and the words after `--`, untouched; undefined without one. */
export type Invocation<N extends CommandName = CommandName> = {
  readonly [M in N]: {
    readonly command: M
    readonly values: Values<M>
    readonly rest: readonly string[] | undefined
  }
}[N]

/** The row of a command; undefined where there is no such command. */
export function commandNamed(name: string): CommandRow | undefined {
  return Object.hasOwn(commands, name) ? commands[name as CommandName] : undefined
}

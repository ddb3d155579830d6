/** The help texts, written by hand: they are printed without loading what parses the command line. */
import { catHelp, extractHelp, infoHelp, listHelp, verifyHelp } from './image-help.js'

export const programHelp = `Usage: venv-packer <command> [options]

Packs a Python virtual environment into one squashfs image that the kernel mounts.

Commands:
  pack <venv>               pack a virtual environment into an image
  create <packages>         make a new environment in memory, and pack it
  check <venv-or-image>     say what would go wrong with the image, before it is packed
  run <image> -- <command>  run a command in the environment of an image
  rollback <image>          go back to an image that was kept when it was renewed
  diff <old> <new>          say which packages differ between two environments
  info <image>              say what an image is, and which packages are in it
  list <image> [path]       list what is in an image, as ls -l
  cat <image> <path>        write a file of an image to standard output
  extract <image> [paths]   write an image, or parts of it, into a directory
  verify <image>            read all that is in an image, and say whether it is whole
  completion <shell>        print what makes bash or zsh complete this command's words

Options:
  -h, --help                print this help; venv-packer pack --help for a command's own
  -V, --version             print the version; --version --json prints those of Node and
                            zstd as well, and the platform, for a bug report

Examples:
  venv-packer pack .venv --compile            writes venv.squashfs
  venv-packer run venv.squashfs -- python     Python in its environment
  venv-packer pack .venv --compile --keep 2   renews it
`

export const packHelp = `Usage: venv-packer pack [options] <venv>

Packs a Python virtual environment into one squashfs image. The image appears under
its name only when it is complete; the venv is not touched.

The image:
  -o, --output <image>  where it goes (default: the folder's name without its leading
                        dot, plus .squashfs, in the current folder)
  -f, --force           replace it if it exists; jobs that have it mounted go on with it
  --keep <n>            replace it as well, and keep the last n images that were replaced
                        under numbered names: see venv-packer rollback
  --compression <name>  zstd, gzip or none (default: zstd)
  --level <n>           zstd 1 to 22 (default: 3), gzip 1 to 9 (default: 9)
  --encoder <name>      zstd of node, or bundled: for the same bytes from every
                        version of Node (default: node, where it has zstd)
  --block-size <size>   a power of two from 4K to 1M (default: 128K)
  --mount-point <path>  where it will be mounted, for the lines that are printed (default:
                        where the venv works; if it works anywhere, beside the image)

What goes in:
  --any-directory       a folder that is not a virtual environment, too
  --compile             the modules' bytecode, too, so that no import ever compiles;
                        the venv's own Python makes it, the venv is not touched
  --optimize <levels>   bytecode of these levels: 0 for python, 1 for python -O, 2 for
                        python -OO, with commas between (default: 0)
  --exclude <glob>      not these; without a slash at any depth; repeatable
  --no-xattrs           no extended attributes
  --owner <owner>       who owns it all: keep, root, or UID:GID (default: keep)

The check, which comes first (see venv-packer check --help):
  --strict              warnings are failures, and no image is written
  --no-check            leave it out: where time counts, and the venv is known to be well

How:
  --threads <n>         compile and compress with this many threads (default: one for
                        each core)
  --json                one JSON object on standard output, also for errors
  -q, --quiet           nothing but errors
  --no-progress         no progress bar
  --debug               stacks with the errors
  -h, --help            print this help
  -V, --version         print the version

Examples:
  venv-packer pack .venv                             writes venv.squashfs here
  venv-packer pack .venv -o /scratch/py.squashfs -f  replaces it if it is there
  venv-packer pack .venv --keep 2                    renews it; rollback goes back
  venv-packer pack .venv --compression gzip          for kernels without zstd
  venv-packer pack .venv --exclude '*.a' --exclude tests
  venv-packer pack .venv --compile                   with bytecode for plain python

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 after Ctrl-C, 143 after SIGTERM
`

export const createHelp = `Usage: venv-packer create [options] [packages...] [-- <options of the installer>]

Makes a relocatable environment with uv, in memory where there is room, installs packages
into it, compiles their modules and packs it all. Nothing stays but the image. What
follows -- goes to uv pip install as it is.

The environment:
  -r, --requirements <file>  what is to be installed; repeatable
  --python <python>          its version or its path (default: what the system has)
  --with <tool>              uv, or venv for python -m venv and pip; that works at one
                             path only, so it needs --mount-point (default: uv)
  --work-dir <folder>        where it is made (default: /dev/shm if 8 GB are free there,
                             else the temporary folder)

The image:
  -o, --output <image>       where it goes (default: venv.squashfs in the current folder)
  -f, --force                replace it if it exists; jobs go on with the one that they
                             have mounted
  --keep <n>                 replace it as well, and keep the last n images that were
                             replaced under numbered names: see venv-packer rollback
  --compression <name>       zstd, gzip or none (default: zstd)
  --level <n>                zstd 1 to 22 (default: 3), gzip 1 to 9 (default: 9)
  --encoder <name>           zstd of node, or bundled: for the same bytes from every
                             version of Node (default: node, where it has zstd)
  --block-size <size>        a power of two from 4K to 1M (default: 128K)
  --mount-point <path>       where it will be mounted (default: anywhere)

What goes in:
  --no-compile               no bytecode for the modules
  --optimize <levels>        bytecode of these levels: 0 for python, 1 for python -O, 2
                             for python -OO, with commas between (default: 0)
  --exclude <glob>           not these; without a slash at any depth; repeatable
  --no-xattrs                no extended attributes
  --owner <owner>            who owns it all: keep, root, or UID:GID (default: keep)

The check, which comes first (see venv-packer check --help):
  --strict                   warnings are failures, and no image is written
  --no-check                 leave the check out

How:
  --threads <n>              compile and compress with this many threads (default: one
                             for each core)
  --json                     one JSON object on standard output, also for errors
  -q, --quiet                nothing but errors
  --no-progress              no progress bar
  --debug                    stacks with the errors
  -h, --help                 print this help
  -V, --version              print the version

Examples:
  venv-packer create -o py.squashfs numpy pandas
  venv-packer create -o py.squashfs --python 3.12 -r requirements.txt
  venv-packer create numpy -- --index-url https://packages.example.org/simple
  venv-packer create --with venv --mount-point /opt/py numpy

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 after Ctrl-C, 143 after SIGTERM
`

export const checkHelp = `Usage: venv-packer check [options] <venv-or-image>

Says what would go wrong where the image of a virtual environment is used, before
it is packed: what, where, what will happen, and the remedy. Nothing is changed.
An image that is there already is read as it is: it need not be mounted.

What is looked at:
  --any-directory       what is not a virtual environment, too
  --exclude <glob>      not these; without a slash at any depth; repeatable

How it is judged:
  --mount-point <path>  where the image will be mounted
  --strict              warnings count as errors

How:
  --json                one JSON object on standard output, also for errors
  -q, --quiet           nothing but the exit code
  --debug               stacks with the errors
  -h, --help            print this help
  -V, --version         print the version

Examples:
  venv-packer check .venv
  venv-packer check .venv --mount-point /scratch/me/.venv
  venv-packer check app.squashfs
  venv-packer check .venv --strict --quiet && venv-packer pack .venv

Exit codes: 0 no errors (with --strict: and no warnings), 1 errors, 2 wrong usage
`

export const rollbackHelp = `Usage: venv-packer rollback [options] <image>

Goes back to an image that pack --keep has kept: it takes the image's name again, at once
and whole. The image until then is kept in turn, so that a second rollback undoes the
first. Jobs go on with the image that they have mounted.

Options:
  --to <k>       go back to the kept image of this number (default: the newest)
  -l, --list     only list the kept images: number, date, size
  --json         one JSON object on standard output, also for errors
  -q, --quiet    nothing but errors
  --debug        stacks with the errors
  -h, --help     print this help
  -V, --version  print the version

A number only grows and is not given again: venv.squashfs.3 is one and the same image as
long as it is there.

Examples:
  venv-packer rollback venv.squashfs --list
  venv-packer rollback venv.squashfs
  venv-packer rollback venv.squashfs --to 3

Exit codes: 0 done, 1 failed, 2 wrong usage
`

export const diffHelp = `Usage: venv-packer diff [options] <old> <new>

Says which packages were added, removed or changed from one virtual environment to
another; each is a virtual environment or an image.

Options:
  --json         one JSON object on standard output, also for errors
  --debug        stacks with the errors
  -h, --help     print this help
  -V, --version  print the version

Examples:
  venv-packer diff old/.venv new/.venv
  venv-packer diff venv.squashfs .venv   what the next renewal of an image changes
  venv-packer diff venv.squashfs.3 venv.squashfs

Exit codes: 0 done, also when they differ; 1 failed, 2 wrong usage
`

export const completionHelp = `Usage: venv-packer completion <shell>

Prints a script that makes bash or zsh complete commands, options, their values, and
paths of environments and images. To have it in every shell, add one line

  to ~/.bashrc:  source <(venv-packer completion bash)
  to ~/.zshrc:   source <(venv-packer completion zsh)    after compinit

Options:
  -h, --help     print this help
  -V, --version  print the version
`

export const runHelp = `Usage: venv-packer run [options] <image> -- <command> [arguments]

Runs a command with the image mounted and its environment active: VIRTUAL_ENV is set, and
the image's bin comes first in PATH. Nothing stays mounted.

Options:
  --at <folder>   mount it there (default: where the venv works; if it works anywhere, a
                  directory of its own in /tmp, the same each time)
  --with <way>    mount it in this way, and try no other
  --dry-run       show the ways, and what would be run
  --json          with --dry-run: one JSON object on standard output
  --debug         say why a way did not work; stacks with the errors
  -h, --help      print this help
  -V, --version   print the version

The ways, in the order in which they are tried:
  squashfs-mount  the setuid program of CSCS; the kernel mounts
  mount           for root: the kernel mounts, and only the command sees it
  user-namespace  squashfuse mounts, and only the command sees it
  squashfuse      squashfuse mounts, and all of your processes see it

Examples:
  venv-packer run venv.squashfs -- python train.py
  venv-packer run venv.squashfs -- bash
  srun venv-packer run $SCRATCH/venv.squashfs -- python train.py

Exit codes: those of the command, 128 + n if signal n ended it; 125 if it was not
started, 126 if it cannot be executed, 127 if there is no such command; 2 wrong usage
`

/** By the command's name. */
export const commandHelps: Readonly<Record<string, string>> = {
  pack: packHelp,
  create: createHelp,
  check: checkHelp,
  run: runHelp,
  rollback: rollbackHelp,
  diff: diffHelp,
  info: infoHelp,
  list: listHelp,
  cat: catHelp,
  extract: extractHelp,
  verify: verifyHelp,
  completion: completionHelp,
}

/** The help texts, written by hand: they are printed without loading what parses the command line. */

export const programHelp = `Usage: venv-packer <command> [options]

Packs a Python virtual environment into one squashfs image that the kernel mounts.

Commands:
  pack <venv>                 pack a virtual environment into an image
  run <image> -- <command>    run a command in the environment of an image

Options:
  -h, --help                  print this help; venv-packer pack --help for a command's own
  -V, --version               print the version
`

export const packHelp = `Usage: venv-packer pack [options] <venv>

Packs a Python virtual environment into one squashfs image. The image appears under
its name only when it is complete; the venv is not touched.

The image:
  -o, --output <image>  where it goes (default: the folder's name without its leading
                        dot, plus .squashfs, in the current folder)
  -f, --force           replace it if it exists
  --compression <name>  zstd, gzip or none (default: zstd)
  --level <n>           zstd 1 to 22 (default: 3), gzip 1 to 9 (default: 9)
  --block-size <size>   a power of two from 4K to 1M (default: 128K)
  --mount-point <path>  where it will be mounted, for the lines that are printed (default:
                        where the venv works; if it works anywhere, beside the image)

What goes in:
  --any-directory       a folder that is not a virtual environment, too
  --exclude <glob>      not these; without a slash at any depth; repeatable
  --no-xattrs           no extended attributes
  --owner <owner>       who owns it all: keep, root, or UID:GID (default: keep)

How:
  --threads <n>         compress with this many threads (default: one for each core)
  --json                one JSON object on standard output, also for errors
  -q, --quiet           nothing but errors
  --no-progress         no progress bar
  --debug               stacks with the errors
  -h, --help            print this help
  -V, --version         print the version

Examples:
  venv-packer pack .venv                             writes venv.squashfs here
  venv-packer pack .venv -o /scratch/py.squashfs -f  replaces it if it is there
  venv-packer pack .venv --compression gzip          for kernels without zstd
  venv-packer pack .venv --exclude '*.a' --exclude tests

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 after Ctrl-C, 143 after SIGTERM
`

export const runHelp = `Usage: venv-packer run [options] <image> -- <command> [arguments]

Runs a command with the image mounted and its environment active: VIRTUAL_ENV is set, and
the image's bin comes first in PATH. Nothing stays mounted.

  --at <folder>   mount it there (default: where the venv works; if it works anywhere, a
                  temporary folder)
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
  squashfuse      in a temporary folder, where all of your processes see it

Examples:
  venv-packer run venv.squashfs -- python train.py
  venv-packer run venv.squashfs -- bash
  srun venv-packer run $SCRATCH/venv.squashfs -- python train.py

Exit codes: those of the command, 128 + n if signal n ended it; 125 if it was not
started, 126 if it cannot be executed, 127 if there is no such command; 2 wrong usage
`

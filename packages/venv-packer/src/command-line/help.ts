/** The help texts, written by hand: they are printed without loading what parses the command line. */

export const programHelp = `Usage: venv-packer <command> [options]

Packs a Python virtual environment into one squashfs image that the kernel mounts.

Commands:
  pack <venv>    pack a virtual environment into an image

Options:
  -h, --help     print this help; venv-packer pack --help for a command's own
  -V, --version  print the version
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

What goes in:
  --any-directory       a folder that is not a virtual environment, too
  --compile             the modules' bytecode, too, so that no import ever compiles;
                        the venv's own Python makes it, the venv is not touched
  --optimize <levels>   bytecode of these levels: 0 for python, 1 for python -O, 2 for
                        python -OO, with commas between (default: 0)
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
  venv-packer pack .venv --compile                   with bytecode for plain python

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 after Ctrl-C, 143 after SIGTERM
`

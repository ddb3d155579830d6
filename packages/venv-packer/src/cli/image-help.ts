/** The help texts of the commands that look into an image, written by hand as those in `help.ts`. */

export const listHelp = `Usage: venv-packer list [options] <image> [path-in-image]

Lists what is in an image, as ls -l does: mode, links, owner and group in numbers, bytes,
time, name. The image need not be mounted. A path begins at the image's root; symlinks on
the way are followed, and the last one is with a slash behind it.

Options:
  -R, --recursive  list all directories below, too
  --json           one JSON object on standard output, also for errors
  --debug          stacks with the errors
  -h, --help       print this help
  -V, --version    print the version

Examples:
  venv-packer list venv.squashfs
  venv-packer list venv.squashfs lib/python3.12/site-packages
  venv-packer list -R venv.squashfs | less

Exit codes: 0 done, 1 failed, 2 wrong usage
`

export const catHelp = `Usage: venv-packer cat [options] <image> <path-in-image>

Writes the content of a file in an image to standard output. Symlinks are followed, as far
as they stay in the image.

Options:
  --debug        stacks with the errors
  -h, --help     print this help
  -V, --version  print the version

Examples:
  venv-packer cat venv.squashfs pyvenv.cfg

Exit codes: 0 done, 1 failed, 2 wrong usage
`

export const extractHelp = `Usage: venv-packer extract [options] <image> [path-in-image...]

Writes an image into a directory, or parts of it with the directories that they are in.
Modes, times, hard links, holes and extended attributes are kept, and for root the owners.
Nothing is written outside of the directory, whatever is in the image.

Options:
  -o, --output <folder>  the directory, which is made if it is missing
  -f, --force            replace what is there; other files in it are kept
  --no-xattrs            no extended attributes
  --json                 one JSON object on standard output, also for errors
  -q, --quiet            nothing but errors
  --debug                stacks with the errors
  -h, --help             print this help
  -V, --version          print the version

Examples:
  venv-packer extract venv.squashfs -o venv
  venv-packer extract venv.squashfs lib/python3.12/site-packages/numpy -o numpy-only

Exit codes: 0 done, 1 failed, 2 wrong usage
`

export const verifyHelp = `Usage: venv-packer verify [options] <image>

Reads all that is in an image: every block is decompressed, every reference is followed,
and the tables are compared. Says what is damaged. Images have no checksums: a bit that
has flipped in a file's bytes shows only if it makes them impossible to decompress.

Options:
  --json         one JSON object on standard output, also for errors
  -q, --quiet    nothing but the exit code
  --debug        stacks with the errors
  -h, --help     print this help
  -V, --version  print the version

Examples:
  venv-packer verify venv.squashfs
  venv-packer verify -q venv.squashfs && cp venv.squashfs /scratch/

Exit codes: 0 sound, 1 damaged or failed, 2 wrong usage
`

export const infoHelp = `Usage: venv-packer info [options] <image>

Says what an image is: its Python, where it can be mounted, its packages with their
versions and how much of the image they take, its compression, its duplicates, its age.

Options:
  --json         one JSON object on standard output, also for errors
  --debug        stacks with the errors
  -h, --help     print this help
  -V, --version  print the version

Examples:
  venv-packer info venv.squashfs

Exit codes: 0 done, 1 failed, 2 wrong usage
`

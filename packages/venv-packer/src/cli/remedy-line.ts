/** Makes the line that a user can paste to fix a failure, or to find its cause. */
import { homedir } from 'node:os'
import { basename, dirname, relative, resolve } from 'node:path'
import type { CommandFix, Failure } from '../failure.js'
import { shellWord } from '../terminal/printable.js'
import { commands } from './commands.js'
import type { CommandRow } from './table.js'

/**
 * @param argv the command line that failed, without the program's name
 * @returns one line for a POSIX shell
 */
export function remedyLine(failure: Failure, argv: CommandLine): string {
  const fix = failure.fix ?? fixes[failure.code]?.(failure, argv) ?? {}
  return fix.line ?? changed(argv, fix, failure.path)
}

/** The fix by code, where the code determines it. For other codes the line is the same command line again. */
const fixes: Readonly<Record<string, (failure: Failure, argv: CommandLine) => CommandFix>> = {
  USAGE: correctUsage,
  NOT_FOUND: search,
  NOT_A_DIRECTORY: search,
  NOT_A_VENV: ({ path = '.' }) => ({ line: `venv-packer info ${shown(path)}` }),
  NOT_A_FILE: ({ path = '.' }) => ({ line: `ls -ld ${shown(path)}` }),
  UNREADABLE: makeReadable,
  IMAGE_EXISTS: () => ({ options: ['--force'] }),
  DANGLING_LINK: ({ path = '' }) => ({ before: `rm ${shown(path)} &&` }),
  NOT_INSTALLED: () => ({ line: 'curl -LsSf https://astral.sh/uv/install.sh | sh' }),
  ENVIRONMENT: () => ({ line: 'uv python list' }),
  INSTALL: () => ({ line: 'venv-packer create --help' }),
  WORK_DIRECTORY: () => ({ options: ['--work-dir', '/var/tmp'] }),
  INTERPRETER: (_, [command]) =>
    command === 'create'
      ? { options: ['--no-compile'], without: ['--optimize'] }
      : { without: ['--compile', '--optimize'] },
  TEMPORARY_FILE: ({ path }) => ({ before: path === '/var/tmp' ? 'TMPDIR="$HOME"' : 'TMPDIR=/var/tmp' }),
  DESTINATION: writeElsewhere,
  NOTHING_KEPT: ({ path = '' }) => ({ line: `venv-packer pack .venv --output ${shown(path)} --keep 2` }),
  NOT_KEPT: ({ path = '' }) => ({ line: `venv-packer rollback ${shown(path)} --list` }),
  FORMAT_LIMIT: check,
  CHECK_FAILED: check,
  MOUNT_POINT: () => ({ without: ['--mount-point'] }),
  WRONG_MOUNT_POINT: () => ({ without: ['--at'] }),
  NOT_AN_IMAGE: packAgain,
  DAMAGED_IMAGE: packAgain,
  TRUNCATED_IMAGE: packAgain,
  UNKNOWN_COMPRESSOR: ({ path = '' }) => ({ line: `unsquashfs -ll ${shown(path)}` }),
  NOT_IN_IMAGE: ({ path = '' }) => ({ line: `venv-packer list -R ${shown(path)}` }),
  EXTRACT: ({ path = '.' }) => ({ line: `df -h ${shown(dirname(path))}` }),
  NO_MOUNT_POINT: mountBeside,
  NOT_MOUNTED: () => ({ options: ['--dry-run'] }),
  NO_INTERPRETER: (_, argv) => ({ line: `venv-packer info ${shellWord(imageOf(argv))}` }),
  COMMAND_NOT_FOUND: (_, argv) => ({ line: `venv-packer list ${shellWord(imageOf(argv))} bin` }),
  COMMAND_NOT_EXECUTABLE: (_, argv) => ({ line: `venv-packer list ${shellWord(imageOf(argv))} bin` }),
  OUTPUT_LOST: () => ({ line: 'df -h .' }),
  SYSTEM: () => ({ options: ['--debug'] }),
  UNEXPECTED: () => ({ options: ['--debug'] }),
}

/** The command line with the suggested word instead of the wrong one; without a suggestion, the help of the command. */
function correctUsage({ message, remedy }: Failure, argv: CommandLine): CommandFix {
  const [, wrong = ''] = /^unknown (?:option|command) '(.+)'$/.exec(message) ?? []
  const [, right] = /^Did you mean (\S+)\?$/.exec(remedy) ?? []
  const at = argv.indexOf(wrong)
  if (right !== undefined && at >= 0) return { line: changed(argv.with(at, right), {}) }
  const [, written] = /^Write (venv-packer [^A-Z]+)\.$/.exec(remedy) ?? []
  if (written !== undefined) return { line: written }
  const isCommand = /^[a-z]+$/.test(argv[0] ?? '') && !message.startsWith('unknown command')
  return { line: `venv-packer ${isCommand ? `${argv[0]} ` : ''}--help` }
}

const COMMANDS_FOR_VENVS: ReadonlySet<string | undefined> = new Set(['pack', 'check', 'diff'])

function search(_: Failure, [command]: CommandLine): CommandFix {
  const name = COMMANDS_FOR_VENVS.has(command) ? 'pyvenv.cfg' : "'*.squashfs'"
  return { line: `find . -maxdepth 3 -name ${name}` }
}

function makeReadable({ path = '.', paths, systemCode }: Failure): CommandFix {
  if (systemCode === 'EIO' || (paths.length > 0 && paths.every(({ code }) => code === 'EIO')))
    return { line: 'dmesg | tail' }
  const denied = systemCode ?? paths.find(({ code }) => code === 'EACCES' || code === 'EPERM')?.code
  return denied === undefined ? {} : { before: `chmod -R u+rX ${shown(path)} &&` }
}

function check({ path = '.' }: Failure): CommandFix {
  return { line: `venv-packer check ${shown(path)}` }
}

function packAgain({ path = '' }: Failure): CommandFix {
  return { line: `venv-packer pack .venv --output ${shown(path)} --force` }
}

function mountBeside(_: Failure, argv: CommandLine): CommandFix {
  const point = basename(imageOf(argv)).replace(/\.squashfs$/, '') || 'image'
  return { before: `mkdir -p ${shellWord(`${point}.mounted`)} &&`, options: ['--at', `${point}.mounted`] }
}

/** If the disk is full, the line shows the free space: only the user knows another place. */
function writeElsewhere({ path = '', systemCode }: Failure, argv: CommandLine): CommandFix {
  const directory = dirname(path)
  // `rollback` cannot write elsewhere.
  if (argv[0] === 'rollback') return { line: `ls -ld ${shown(directory)}` }
  switch (systemCode) {
    case 'ENOENT':
      return { before: `mkdir -p ${shown(directory)} &&` }
    case 'EEXIST':
      return { options: ['--force'] }
    case 'ENOSPC':
      return { line: `df -h ${shown(directory)}` }
    case 'EDQUOT':
      return { line: 'quota -s' }
    case 'ENAMETOOLONG':
      return { options: ['--output', 'venv.squashfs'] }
    case 'EFBIG':
      return { line: 'ulimit -f unlimited' }
    case 'EMFILE':
      return { before: 'ulimit -n hard &&' }
    case 'ENOMEM':
      return { options: ['--threads', '1'] }
    case 'EIO':
      return { line: 'dmesg | tail' }
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'ELOOP':
      return { options: ['--output', resolve(homedir(), basename(path))] }
    default:
      return {}
  }
}

/** A path as one word of a shell, relative to the current directory if that is shorter. */
function shown(path: string): string {
  const fromHere = relative('', path) || '.'
  return shellWord(fromHere.length < path.length ? fromHere : path)
}

/** The arguments of the program. */
export type CommandLine = readonly string[]

const flags = Object.values<CommandRow>(commands).flatMap(({ options }) =>
  options.flatMap(({ rows }) => Object.values(rows).map((row) => row.flags)),
)

/** Short names of options by their long ones. */
const shortNames: ReadonlyMap<string, string> = new Map(
  flags.flatMap((text) => {
    const [, short, long] = /^(-\w), (--[\w-]+)/.exec(text) ?? []
    return short === undefined || long === undefined ? [] : [[long, short] as const]
  }),
)

/** Options that have no value. */
const switches: ReadonlySet<string> = new Set(
  flags.filter((text) => !text.includes('<')).map((text) => text.replace(/^-\w, /, '')),
)

/**
 * Applies a fix to a command line.
 * @param path the absolute path that `suggestedPath` replaces
 * @returns one line for a shell
 */
function changed(argv: CommandLine, fix: CommandFix, path?: string): string {
  const end = argv.indexOf('--')
  let own = end < 0 ? argv : argv.slice(0, end)
  const command = end < 0 ? [] : argv.slice(end)
  const { options = [], without = [], suggestedPath } = fix
  for (const name of [...without, ...options.filter((word) => word.startsWith('--'))])
    own = withoutOption(own, name)
  const at =
    path === undefined || suggestedPath === undefined ? -1 : own.findIndex((word) => resolve(word) === path)
  if (suggestedPath !== undefined && at > 0) own = own.with(at, suggestedPath)
  const words = ['venv-packer', ...own, ...options, ...command].map(shellWord)
  return [...(fix.before === undefined ? [] : [fix.before]), ...words].join(' ')
}

/** Without an option and its value. */
function withoutOption(own: CommandLine, name: string): CommandLine {
  const hasValue = !switches.has(name)
  return own.filter((word, n) => {
    const isName = (one: string | undefined): boolean => one === name || one === shortNames.get(name)
    if (isName(word) || word.startsWith(`${name}=`)) return false
    return !(hasValue && n > 0 && isName(own[n - 1]))
  })
}

/** The options of `run` that have a value, which could be mistaken for the image. */
const VALUED: ReadonlySet<string | undefined> = new Set(['--at', '--with'])

/** The image operand of a command line. */
function imageOf(argv: CommandLine): string {
  return argv.find((word, n) => n > 0 && !word.startsWith('-') && !VALUED.has(argv[n - 1])) ?? 'IMAGE'
}

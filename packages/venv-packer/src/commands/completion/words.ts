/** Converts the table of commands to the words and kinds of values that the completion scripts need. */
import type { CommandRow, OptionRow } from '../../cli/table.js'

export interface CommandWords {
  readonly name: string
  readonly description: string
  readonly options: readonly OptionWords[]
  readonly operands: readonly Operand[]
  /** Whether a command line follows `--`. */
  readonly runsCommand: boolean
}

export interface OptionWords {
  /** `-o`, `--output`. */
  readonly names: readonly string[]
  readonly description: string
  /** Undefined for an option without a value. */
  readonly value: Value | undefined
  readonly repeatable: boolean
}

export interface Value {
  /** Its name in the help. */
  readonly name: string
  readonly kind: ValueKind
  /** All possible values, for the kind `words`. */
  readonly words: readonly string[]
}

export interface Operand extends Value {
  /** Whether the operand may be repeated. */
  readonly variadic: boolean
}

export type ValueKind = 'words' | 'directory' | 'image' | 'file' | 'anything'

/** The program's own options, then its commands. */
export interface ProgramWords {
  readonly name: string
  readonly options: readonly OptionWords[]
  readonly commands: readonly CommandWords[]
}

export function wordsOf(commands: Readonly<Record<string, CommandRow>>): ProgramWords {
  return {
    name: 'venv-packer',
    options: everywhere,
    commands: Object.entries(commands).map(([name, { summary, operands, options, rest }]) => ({
      name,
      description: brief(summary),
      options: [...options.flatMap(({ rows }) => Object.values(rows)).map(optionWords), ...everywhere],
      operands: Object.values(operands).map(({ syntax, choices }) => ({
        ...valueNamed(valueName(syntax) ?? syntax, choices),
        variadic: syntax.includes('...'),
      })),
      runsCommand: rest === 'command',
    })),
  }
}

const everywhere: readonly OptionWords[] = [
  { flags: '-V, --version', help: 'print the version' },
  { flags: '-h, --help', help: 'print this help' },
].map(optionWords)

function optionWords({ flags, help, choices, suggestions, repeatable }: OptionRow): OptionWords {
  const name = valueName(flags)
  return {
    names: flags.replace(/ <.*/, '').split(', '),
    description: brief(help),
    value: name === undefined ? undefined : valueNamed(name, choices ?? suggestions),
    repeatable: repeatable ?? false,
  }
}

/** `image` of `<image>`, `paths` of `[paths...]`. */
function valueName(syntax: string): string | undefined {
  return /[<[]([^>\].]+)/.exec(syntax)?.[1]
}

/** The kinds of values by their names in the help, which are the same for all commands. */
const KINDS: Readonly<Record<string, ValueKind>> = {
  venv: 'directory',
  'venv-or-image': 'image',
  old: 'image',
  new: 'image',
  directory: 'directory',
  'mount-point': 'directory',
  image: 'image',
  file: 'file',
  path: 'file',
}

function valueNamed(name: string, words: readonly string[] | undefined): Value {
  const kind = words === undefined ? (KINDS[name] ?? 'anything') : 'words'
  return { name, kind, words: words ?? [] }
}

/** The first part of a help text, without details. */
function brief(help: string): string {
  return help.replace(/ \(.*|;.*/, '')
}

/** The words of the command line as its definition has them: commands, options, and what may stand where a value is wanted. */
import type { Command, Option } from 'commander'

export interface CommandWords {
  readonly name: string
  readonly description: string
  readonly options: readonly OptionWords[]
  readonly operands: readonly Operand[]
  /** Whether another command line follows `--`. */
  readonly runsCommand: boolean
}

export interface OptionWords {
  /** As they are typed: `-o`, `--output`. */
  readonly names: readonly string[]
  readonly description: string
  /** Undefined for an option without a value. */
  readonly value: Value | undefined
  readonly repeatable: boolean
}

export interface Value {
  /** What the help calls it. */
  readonly name: string
  readonly kind: ValueKind
  /** All that it may be, for the kind `words`. */
  readonly words: readonly string[]
}

export interface Operand extends Value {
  /** It and all that follow. */
  readonly variadic: boolean
}

export type ValueKind = 'words' | 'folder' | 'image' | 'file' | 'anything'

/** The program's own options, then its commands. */
export interface ProgramWords {
  readonly name: string
  readonly options: readonly OptionWords[]
  readonly commands: readonly CommandWords[]
}

export function wordsOf(program: Command): ProgramWords {
  return {
    name: program.name(),
    options: optionsOf(program),
    commands: program.commands.map((command) => ({
      name: command.name(),
      description: described(program, command.name()),
      options: optionsOf(command),
      operands: command.registeredArguments.map((argument) => ({
        ...valueNamed(argument.name(), argument.argChoices),
        variadic: argument.variadic,
      })),
      runsCommand: command.helpInformation().split('\n', 1).join().includes(' -- <command>'),
    })),
  }
}

/** With --help, which Commander adds by itself. */
function optionsOf(command: Command): readonly OptionWords[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map((option) => ({
      names: [option.short, option.long].filter((name) => name !== undefined),
      description: described(command, option.flags),
      value: optionValue(option),
      repeatable: option.variadic || Array.isArray(option.defaultValue),
    }))
}

function optionValue({ flags, argChoices }: Option): Value | undefined {
  const name = /[<[]([^>\].]+)/.exec(flags)?.[1]
  return name === undefined ? undefined : valueNamed(name, argChoices)
}

/** By the words of the help, which mean the same everywhere. */
const kinds: Readonly<Record<string, ValueKind>> = {
  venv: 'folder',
  'venv-or-image': 'image',
  old: 'image',
  new: 'image',
  folder: 'folder',
  'mount-point': 'folder',
  image: 'image',
  file: 'file',
  path: 'file',
}

function valueNamed(name: string, choices: readonly string[] | undefined): Value {
  const kind = choices === undefined ? (kinds[name] ?? 'anything') : 'words'
  return { name, kind, words: choices ?? [] }
}

/** What the help says in its line `  what …  description` and those that go on with it, up to where it goes into detail. */
function described(command: Command, what: string): string {
  const lines = command.helpInformation().split('\n')
  const at = lines.findIndex((line) => line.startsWith(`  ${what} `))
  const [line, text] = /^ {2}.*? {2,}(.*)/.exec(lines[at] ?? '') ?? []
  if (line === undefined || text === undefined) return ''
  const margin = ' '.repeat(line.length - text.length)
  const rest = lines.slice(at + 1)
  const end = rest.findIndex((other) => !other.startsWith(margin))
  const whole = [text, ...rest.slice(0, end).map((other) => other.trim())].join(' ')
  return whole.replace(/ \(.*|;.*/, '')
}

/** Parses a command line by the table of commands, with Commander. */
import { Argument, Command, CommanderError, Option } from 'commander'
import { emptyValue, type Failure, wrongUsage } from '../failure.js'
import { packageVersion } from '../package.js'
import { shellWord } from '../terminal/printable.js'
import { commandNamed, commands, type Invocation } from './commands.js'
import { commandHelp, programHelp } from './help.js'
import type { CommandRow, OperandRow, OptionRow, ReadContext } from './table.js'

/** The result for `--help` and `--version`: a text to print. */
export interface PrintedText {
  readonly command: 'print'
  readonly text: string
}

/** @throws Failure for wrong usage. */
export function parseCommandLine(argv: readonly string[]): Invocation | PrintedText {
  let invocation: Invocation | undefined
  let text = ''
  const print = (more: string): void => {
    text += more
  }
  const { own, rest } = splitAtDashes(argv)
  const program = new Command('venv-packer')
    .version(packageVersion(), '-V, --version')
    .configureOutput({ writeOut: print, writeErr: print, outputError: () => {} })
    .exitOverride()
  program.helpInformation = programHelp
  for (const [name, row] of Object.entries(commands)) {
    defineCommand(program, name, row, (values) => {
      // The type is right because the table was used to parse the values.
      invocation = { command: name, values, rest } as unknown as Invocation
    })
  }
  try {
    program.parse(own, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { command: 'print', text }
    throw refusal(error, argv, rest)
  }
  if (invocation === undefined) throw wrongUsage('no command is given', DEFAULT_REMEDY)
  return invocation
}

/** Separates the words after `--`, for the commands that pass them on. */
function splitAtDashes(argv: readonly string[]): {
  readonly own: readonly string[]
  readonly rest: readonly string[] | undefined
} {
  const dashes = argv.indexOf('--')
  const passesOn = commandNamed(argv[0] ?? '')?.rest !== undefined
  return dashes < 0 || !passesOn
    ? { own: argv, rest: undefined }
    : { own: argv.slice(0, dashes), rest: argv.slice(dashes + 1) }
}

function defineCommand(
  program: Command,
  name: string,
  row: CommandRow,
  onValues: (values: Readonly<Record<string, unknown>>) => void,
): void {
  const seeHelp = `See venv-packer ${name} --help.`
  const command = program.command(name).version(packageVersion(), '-V, --version')
  command.helpInformation = () => commandHelp(name, row)
  const operands = Object.entries(row.operands)
  for (const [, { syntax }] of operands) command.addArgument(new Argument(syntax))
  const options = row.options
    .flatMap(({ rows }) => Object.entries(rows))
    .map(([key, option]) => ({ key, option, defined: optionOf(option) }))
  for (const { defined } of options) command.addOption(defined)
  command.action(() => {
    const given = command.opts<Readonly<Record<string, unknown>>>()
    const ofOperands = operands.map(([key, operand], n) => {
      const value: unknown = command.processedArgs[n]
      return [key, operandValue(value, operand, name)]
    })
    const ofOptions = options.map(({ key, option, defined }) => {
      const value = given[defined.attributeName()]
      return [key, optionValue(value, option, { option: defined.long ?? '', seeHelp })]
    })
    onValues(Object.fromEntries([...ofOperands, ...ofOptions]))
  })
}

function optionOf({ flags, default: defaultValue, repeatable, conflicts }: OptionRow): Option {
  const option = new Option(flags)
  if (defaultValue !== undefined) option.default(defaultValue)
  if (conflicts !== undefined) option.conflicts(conflicts)
  if (!repeatable) return option
  return option.default([]).argParser<readonly string[]>((value, earlier) => [...earlier, value])
}

/** The value of an option: a string, the result of `read`, a list of strings, or whether it was given. */
function optionValue(value: unknown, row: OptionRow, context: ReadContext): unknown {
  const { option } = context
  if (isEmpty(value)) throw emptyValue(option)
  if (typeof value !== 'string') return takesValue(row) ? value : value === true
  if (row.choices !== undefined && !row.choices.includes(value))
    throw wrongUsage(`${option} ${value} is unknown: it is one of ${row.choices.join(', ')}`, context.seeHelp)
  return row.read === undefined ? value : row.read(value, context)
}

function takesValue({ flags }: OptionRow): boolean {
  return flags.includes('<')
}

function operandValue(value: unknown, { called, hint, choices }: OperandRow, command: string): unknown {
  if (isEmpty(value)) throw emptyValue(called, hint)
  if (choices !== undefined && typeof value === 'string' && !choices.includes(value))
    throw wrongUsage(
      `there is no ${command} for ${value}: it is one of ${choices.join(', ')}`,
      `See venv-packer ${command} --help.`,
    )
  return value
}

/** Whether a value is an empty string, or a list that contains one. */
function isEmpty(value: unknown): boolean {
  return value === '' || (Array.isArray(value) && value.includes(''))
}

const DEFAULT_REMEDY = 'Try venv-packer pack VENV, or see venv-packer --help.'

/** The remedy if `run` is given no command. */
export const COMMAND_REMEDY = 'Write venv-packer run IMAGE -- COMMAND; bash is a command, too.'

/** Makes a Failure of Commander's error. Its message is one line, and may have a suggestion in parentheses on a second line. */
function refusal(
  { code, message }: CommanderError,
  argv: readonly string[],
  rest: readonly string[] | undefined,
): Failure {
  const [first = ''] = argv
  if (code === 'commander.help') return wrongUsage('no command is given', DEFAULT_REMEDY)
  if (first === 'run' && rest === undefined && MEANT_FOR_COMMAND.has(code))
    return wrongUsage('there is no -- before the command', COMMAND_REMEDY)
  const [what = '', suggestion] = message.replace(/^error: /, '').split('\n(')
  const row = commandNamed(first)
  const seeHelp = `See venv-packer ${row === undefined ? '' : `${first} `}--help.`
  if (row?.rest === 'options' && code === 'commander.unknownOption')
    return wrongUsage(what, `${seeHelp} Options for uv pip install go after --.`)
  return wrongUsage(what, suggestion?.replace(/\)$/, '') ?? remedyForCommonMistake(code, first) ?? seeHelp)
}

/** Commander's codes if `--` is missing before the command of `run`. */
const MEANT_FOR_COMMAND = new Set(['commander.unknownOption', 'commander.excessArguments'])

/** The remedy for a common mistake, such as a command line in the style of another program; undefined for others. */
function remedyForCommonMistake(code: string, first: string): string | undefined {
  if (code === 'commander.excessArguments' && first === 'pack')
    return 'The image is named by --output: venv-packer pack VENV --output IMAGE.'
  if (code === 'commander.unknownOption' && first.startsWith('-'))
    return 'Options come after the command: venv-packer pack VENV --compile.'
  if (code === 'commander.unknownCommand' && first.endsWith('.squashfs'))
    return `Write venv-packer run ${shellWord(first)} -- COMMAND.`
  if (code === 'commander.unknownCommand' && /^\.|\//.test(first))
    return `Write venv-packer pack ${shellWord(first)}.`
  return undefined
}

/**
 * Parses simple command lines of the commands that read an image without Commander, because loading Commander takes as long as
 * listing an image. All other command lines, including wrong ones, are left to `parse.ts`.
 */
import type { Invocation } from './commands.js'
import { imageCommands } from './image-commands.js'
import type { CommandRow, OptionRow } from './table.js'

type Values = Readonly<Record<string, unknown>>

/** Undefined for a command line that is not simple: abbreviated or combined options, `--option=value`, empty words, mistakes. */
export function plainImageCommand([name = '', ...words]: readonly string[]): Invocation | undefined {
  if (!Object.hasOwn(imageCommands, name)) return undefined
  const row: CommandRow = imageCommands[name as keyof typeof imageCommands]
  const values = valuesOf(row, words)
  // The type is right because the table was used to parse the values.
  return values && ({ command: name, values, rest: undefined } as unknown as Invocation)
}

function valuesOf(row: CommandRow, words: readonly string[]): Values | undefined {
  const options = row.options.flatMap(({ rows }) => Object.entries(rows))
  const values: Record<string, unknown> = Object.fromEntries(
    options.map(([key, option]) => [key, defaultValueOf(option)]),
  )
  const operands: string[] = []
  for (let n = 0; n < words.length; n++) {
    const word = words[n]!
    const [key, option] = options.find(([, { flags }]) => namesIn(flags).includes(word)) ?? []
    if (key === undefined || option === undefined) {
      if (isEmptyOrOption(word)) return undefined
      operands.push(word)
    } else if (isSwitch(option)) {
      values[key] = !isOnByDefault(option)
    } else {
      const value = words[++n] ?? ''
      if (isEmptyOrOption(value) || !isPlainText(option)) return undefined
      values[key] = value
    }
  }
  const ofOperands = operandsOf(row, operands)
  return ofOperands && { ...values, ...ofOperands }
}

function operandsOf(row: CommandRow, words: readonly string[]): Values | undefined {
  const rest = [...words]
  const values: Record<string, unknown> = {}
  for (const [key, { syntax }] of Object.entries(row.operands)) {
    if (syntax.startsWith('<') && rest.length === 0) return undefined
    values[key] = syntax.includes('...') ? rest.splice(0) : rest.shift()
  }
  return rest.length === 0 ? values : undefined
}

function defaultValueOf(option: OptionRow): unknown {
  return isSwitch(option) ? isOnByDefault(option) : option.default
}

function isEmptyOrOption(word: string): boolean {
  return word === '' || word.startsWith('-')
}

/** `-o` and `--output` of `-o, --output <image>`. */
function namesIn(flags: string): readonly string[] {
  return flags.replace(/ <.*/, '').split(', ')
}

function isSwitch({ flags }: OptionRow): boolean {
  return !flags.includes('<')
}

function isOnByDefault({ flags }: OptionRow): boolean {
  return flags.startsWith('--no-')
}

/** Whether the option accepts any text, and the last value counts. */
function isPlainText({ read, choices, repeatable, conflicts }: OptionRow): boolean {
  return [read, choices, repeatable, conflicts].every((one) => one === undefined)
}

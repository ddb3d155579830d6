/**
 * Reads the usual command lines of the commands that read an image without Commander, which takes as long to load as an image
 * takes to list. All else, wrong usage included, is left to `parse.ts`.
 */
import type { Invocation } from './commands.js'
import { imageCommands } from './image-commands.js'
import type { CommandRow, OptionRow } from './table.js'

type Values = Readonly<Record<string, unknown>>

/** Undefined for a command line that is not plain: abbreviated or combined options, `--option=value`, empty words, mistakes. */
export function plainImageCommand([name = '', ...words]: readonly string[]): Invocation | undefined {
  if (!Object.hasOwn(imageCommands, name)) return undefined
  const row: CommandRow = imageCommands[name as keyof typeof imageCommands]
  const values = valuesOf(row, words)
  // Of this type because the table was used to parse it.
  return values && ({ command: name, values, rest: undefined } as unknown as Invocation)
}

function valuesOf(row: CommandRow, words: readonly string[]): Values | undefined {
  const options = row.options.flatMap(({ rows }) => Object.entries(rows))
  const values: Record<string, unknown> = Object.fromEntries(
    options.map(([key, option]) => [key, valueWithout(option)]),
  )
  const operands: string[] = []
  for (let n = 0; n < words.length; n++) {
    const word = words[n]!
    const [key, option] = options.find(([, { flags }]) => namesIn(flags).includes(word)) ?? []
    if (key === undefined || option === undefined) {
      if (isUnusual(word)) return undefined
      operands.push(word)
    } else if (isSwitch(option)) {
      values[key] = !isOnUnlessNamed(option)
    } else {
      const value = words[++n] ?? ''
      if (isUnusual(value) || !isPlainText(option)) return undefined
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

function valueWithout(option: OptionRow): unknown {
  return isSwitch(option) ? isOnUnlessNamed(option) : option.default
}

function isUnusual(word: string): boolean {
  return word === '' || word.startsWith('-')
}

/** `-o` and `--output` of `-o, --output <image>`. */
function namesIn(flags: string): readonly string[] {
  return flags.replace(/ <.*/, '').split(', ')
}

function isSwitch({ flags }: OptionRow): boolean {
  return !flags.includes('<')
}

function isOnUnlessNamed({ flags }: OptionRow): boolean {
  return flags.startsWith('--no-')
}

/** Whether any text is a value, and only the last one counts. */
function isPlainText({ read, choices, repeatable, conflicts }: OptionRow): boolean {
  return [read, choices, repeatable, conflicts].every((one) => one === undefined)
}

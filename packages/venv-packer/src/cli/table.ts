/** Defines the rows of the command table, and derives the types of a command's values from its row. */

/** An option: its flags, its values, and its help text. */
export interface OptionRow {
  /** `-o, --output <image>`, `--strict`; `--no-check` for an option that is on by default. */
  readonly flags: string
  readonly help: string
  readonly default?: string
  /** The option may be given several times, and its value is a list. */
  readonly repeatable?: true
  /** All possible values. */
  readonly choices?: readonly string[]
  /** Some possible values, for completion. */
  readonly suggestions?: readonly string[]
  /** Converts the text of the command line to the value. @throws Failure for an invalid text. */
  readonly read?: (text: string, context: ReadContext) => unknown
  /** The name of an option that cannot be combined with this one. */
  readonly conflicts?: string
}

export interface ReadContext {
  /** `--output` */
  readonly option: string
  /** The remedy for an invalid value. */
  readonly seeHelp: string
}

/** A positional argument. */
export interface OperandRow {
  /** `<venv>`, `[path-in-image]` if it is optional, `[packages...]` for any number. */
  readonly syntax: string
  /** Its name in messages: `the path of the venv`. */
  readonly called: string
  /** A hint for the message about an empty argument. */
  readonly hint?: string
  readonly choices?: readonly string[]
}

/** Options under one heading. */
export interface OptionSection {
  readonly title: string
  readonly rows: Readonly<Record<string, OptionRow>>
}

export interface CommandRow {
  /** Its syntax in the help of the program: `list <image> [path]`. */
  readonly short: string
  /** Its purpose, in one line that begins with a lower-case verb. */
  readonly summary: string
  /** The first line of its help after the name. */
  readonly usage: string
  /** Its purpose, in lines of the help. */
  readonly about: string
  readonly operands: Readonly<Record<string, OperandRow>>
  readonly options: readonly OptionSection[]
  /** Terms that are explained after the options. */
  readonly terms?: { readonly title: string; readonly rows: readonly (readonly [string, string])[] }
  /** A paragraph between options and examples. */
  readonly note?: string
  readonly examples?: string
  readonly exitCodes?: string
  /** The meaning of the words after `--`: a command to run, or options for another program. */
  readonly rest?: 'command' | 'options'
}

/** The values of a command, by the names in its row. */
export type ValuesOf<C extends CommandRow> = OptionValues<RowsOf<C>> & OperandValues<C['operands']>

type RowsOf<C extends CommandRow> = Intersection<C['options'][number]['rows']>

type Intersection<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer I) => void
  ? I
  : never

type OptionValues<R> = { readonly [K in keyof R]: R[K] extends OptionRow ? OptionValue<R[K]> : never }

type OptionValue<R extends OptionRow> = R extends { readonly repeatable: true }
  ? readonly string[]
  : R['flags'] extends `${string}<${string}`
    ? TextValue<R> | (R extends { readonly default: string } ? never : undefined)
    : boolean

type TextValue<R extends OptionRow> = R extends { readonly read: (...args: never[]) => infer T }
  ? T
  : R extends { readonly choices: readonly (infer C)[] }
    ? C
    : string

type OperandValues<O> = { readonly [K in keyof O]: O[K] extends OperandRow ? OperandValue<O[K]> : never }

type OperandValue<O extends OperandRow> = O['syntax'] extends `[${string}...]`
  ? readonly string[]
  : O['syntax'] extends `[${string}`
    ? string | undefined
    : O extends { readonly choices: readonly (infer C)[] }
      ? C
      : string

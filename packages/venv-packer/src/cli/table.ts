/** How a row of the table of commands is built, and which values a command line with that row has. */

/** An option: its flags, the values it takes, and its text in the help. */
export interface OptionRow {
  /** `-o, --output <image>`, `--strict`; `--no-check` for one that is on unless it is named. */
  readonly flags: string
  readonly help: string
  readonly default?: string
  /** Given several times it has several values. */
  readonly repeatable?: true
  /** All that the value may be. */
  readonly choices?: readonly string[]
  /** Some possible values, for completion. */
  readonly suggestions?: readonly string[]
  /** Makes the value for the command of the text. @throws Failure for a text that is no such value. */
  readonly read?: (text: string, context: ReadContext) => unknown
  /** The name of an option that cannot be given as well. */
  readonly conflicts?: string
}

export interface ReadContext {
  /** `--output` */
  readonly option: string
  /** The remedy for a value that does not exist. */
  readonly seeHelp: string
}

/** An argument without an option before it. */
export interface OperandRow {
  /** `<venv>`, `[path-in-image]` where it may be left out, `[packages...]` for any number. */
  readonly syntax: string
  /** How a message calls it: `the path of the venv`. */
  readonly called: string
  /** A hint for an argument that is empty. */
  readonly hint?: string
  readonly choices?: readonly string[]
}

/** Options under one heading. */
export interface OptionSection {
  readonly title: string
  readonly rows: Readonly<Record<string, OptionRow>>
}

export interface CommandRow {
  /** As the help of all commands shows it: `list <image> [path]`. */
  readonly short: string
  /** Its work, in one line; without a capital. */
  readonly summary: string
  /** The rest of the first line of its help, after the name. */
  readonly usage: string
  /** Its work, in lines of the help. */
  readonly about: string
  readonly operands: Readonly<Record<string, OperandRow>>
  readonly options: readonly OptionSection[]
  /** Words that are explained after the options. */
  readonly terms?: { readonly title: string; readonly rows: readonly (readonly [string, string])[] }
  /** A paragraph between options and examples. */
  readonly note?: string
  readonly examples?: string
  readonly exitCodes?: string
  /** The kind of words that follow `--`: a command to run, or options for another program. */
  readonly rest?: 'command' | 'options'
}

/** The values that a command line gives the command with this row, by the names in the table. */
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

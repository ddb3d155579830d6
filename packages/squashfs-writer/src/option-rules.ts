/** Option rules: checks the options of a call by a table of their valid values. */
import { OptionError } from './errors.js'

/** The rule for an option. */
export interface OptionRule {
  /** The valid values in words, which follow "it must be". */
  readonly mustBe: string
  readonly isValid: (value: unknown) => boolean
}

/**
 * Checks the names and values of options. An option that is `undefined` counts as absent.
 * @param rules of all options, by name.
 * @throws OptionError for the first invalid option.
 */
export function checkOptions(options: unknown, rules: Readonly<Record<string, OptionRule>>): void {
  if (!isPlain(options)) throw new OptionError('options', options, 'an object')
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (!rule)
      throw new OptionError(name, value, `left out: the options here are ${Object.keys(rules).join(', ')}`)
    if (value !== undefined) checkValue(name, value, rule)
  }
}

/** @throws OptionError if the value is not valid. */
export function checkValue(name: string, value: unknown, { mustBe, isValid }: OptionRule): void {
  if (!isValid(value)) throw new OptionError(name, value, mustBe)
}

export const flag: OptionRule = { mustBe: 'true or false', isValid: (value) => typeof value === 'boolean' }

export const text: OptionRule = { mustBe: 'text', isValid: (value) => typeof value === 'string' }

export const callback: OptionRule = {
  mustBe: 'a function',
  isValid: (value) => typeof value === 'function',
}

/** An integer in a range, both ends included. */
export function integer(min: number, max: number): OptionRule {
  return {
    mustBe: `an integer from ${min} to ${max}`,
    isValid: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
  }
}

export function oneOf(...values: readonly string[]): OptionRule {
  return { mustBe: or(values.map(quoted)), isValid: (value) => values.includes(value as string) }
}

export function arrayOf(...values: readonly string[]): OptionRule {
  return {
    mustBe: `an array of ${or(values.map(quoted))}`,
    isValid: (value) => Array.isArray(value) && value.every((one) => values.includes(one)),
  }
}

/** One pattern, or several. */
export const patterns: OptionRule = {
  mustBe: 'a pattern or an array of patterns',
  isValid: (value) =>
    typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string')),
}

/** A value that satisfies at least one of the rules. */
export function either(...rules: readonly OptionRule[]): OptionRule {
  return {
    mustBe: or(rules.map(({ mustBe }) => mustBe)),
    isValid: (value) => rules.some(({ isValid }) => isValid(value)),
  }
}

/** An object with only these fields. Each may be absent. */
export function fields(rules: Readonly<Record<string, OptionRule>>): OptionRule {
  const parts = Object.entries(rules).map(([name, { mustBe }]) => `${name} (${mustBe})`)
  return {
    mustBe: `an object with ${parts.join(' and ')}`,
    isValid: (value) =>
      isPlain(value) &&
      Object.entries(value).every(
        ([name, field]) => Object.hasOwn(rules, name) && (field === undefined || rules[name]!.isValid(field)),
      ),
  }
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function quoted(text: string): string {
  return `'${text}'`
}

function or(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} or ${parts.at(-1)}`
}

/** Options and arguments with a fixed set of values, for completion; our own words refuse what is not in the set. */
import { Argument, Option } from 'commander'

export function optionWithChoices(flags: string, choices: readonly string[]): Option {
  const option = new Option(flags)
  option.argChoices = [...choices]
  return option
}

export function argumentWithChoices(name: string, choices: readonly string[]): Argument {
  const argument = new Argument(name)
  argument.argChoices = [...choices]
  return argument
}

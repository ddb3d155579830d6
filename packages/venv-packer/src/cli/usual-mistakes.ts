/** Command lines as other programs take them, or as one would guess: what to write instead. */
import { shellWord } from '../terminal/printable.js'

/**
 * @param code Commander's, for what is wrong.
 * @returns undefined for a mistake that is not a usual one.
 */
export function remedyForUsualMistake(code: string, [first = '']: readonly string[]): string | undefined {
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

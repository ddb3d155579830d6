/** `venv-packer completion`: prints the completion script for a shell, made from the table of commands. */
import { commands, type Invocation } from '../../cli/commands.js'
import type { CommandRow } from '../../cli/table.js'
import { EXIT_CODES, type ExitCode } from '../../failure.js'
import { print } from '../../terminal/printing.js'
import { bashScript } from './bash.js'
import { wordsOf } from './words.js'
import { zshScript } from './zsh.js'

const scripts = { bash: bashScript, zsh: zshScript } as const

export type Shell = keyof typeof scripts

export async function runCompletion({ values }: Invocation<'completion'>): Promise<ExitCode> {
  await print(completionScript(values.shellName, commands))
  return EXIT_CODES.done
}

export function completionScript(shell: Shell, table: Readonly<Record<string, CommandRow>>): string {
  return scripts[shell](wordsOf(table))
}

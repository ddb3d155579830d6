/** The completion script for a shell, made from the definition of the command line: it cannot say anything else. */
import type { Command } from 'commander'
import { bashScript } from './bash.js'
import { wordsOf } from './words.js'
import { zshScript } from './zsh.js'

const scripts = { bash: bashScript, zsh: zshScript } as const

export type Shell = keyof typeof scripts

export function completionScript(shell: Shell, program: Command): string {
  return scripts[shell](wordsOf(program))
}

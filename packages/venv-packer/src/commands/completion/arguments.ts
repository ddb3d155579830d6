/** The command line of `venv-packer completion`: for which shell. */
import type { Command } from 'commander'
import { argumentWithChoices } from '../../cli/choices.js'
import { completionHelp } from '../../cli/help.js'
import { wrongUsage } from '../../failure.js'
import { packageVersion } from '../../package.js'
import type { Shell } from './completion.js'

const shells: readonly Shell[] = ['bash', 'zsh']

export function defineCompletion(program: Command, run: (shell: Shell) => void): void {
  const command = program
    .command('completion')
    .addArgument(argumentWithChoices('<shell>', shells))
    .version(packageVersion(), '-V, --version')
    .action((name: string) => run(shell(name)))
  command.helpInformation = () => completionHelp
}

function shell(name: string): Shell {
  const known = shells.find((shell) => shell === name)
  if (known === undefined)
    throw wrongUsage(
      `there is no completion for ${name}: it is one of ${shells.join(', ')}`,
      'See venv-packer completion --help.',
    )
  return known
}

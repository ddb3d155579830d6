/** The command line of `venv-packer diff`: what it accepts, and the request that it becomes. */
import type { Command } from 'commander'
import { diffHelp } from '../../cli/help.js'
import type { ReportStyle } from '../../cli/report-style.js'
import { wrongUsage } from '../../failure.js'
import { packageVersion } from '../../package.js'
import type { DiffRequest } from '../diff.js'

interface DiffOptions {
  readonly json?: true
  readonly debug?: true
}

/** What each option means is said in `help.ts`. */
export function defineDiff(program: Command, run: (request: DiffRequest, style: ReportStyle) => void): void {
  const command = program
    .command('diff')
    .argument('<old>')
    .argument('<new>')
    .option('--json')
    .option('--debug')
    .version(packageVersion(), '-V, --version')
    .action((before: string, after: string, { json, debug }: DiffOptions) => {
      if (before === '' || after === '')
        throw wrongUsage('the path of a venv is empty', 'Was a shell variable in it not set?')
      run(
        { old: before, new: after },
        { json: json ?? false, quiet: false, progress: false, debug: debug ?? false },
      )
    })
  command.helpInformation = () => diffHelp
}

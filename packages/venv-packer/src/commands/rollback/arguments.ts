/** The command line of `venv-packer rollback`: what it accepts, and the request that it becomes. */
import { type Command, Option } from 'commander'
import { rollbackHelp } from '../../cli/help.js'
import type { ReportStyle } from '../../cli/report-style.js'
import { wrongUsage } from '../../failure.js'
import { packageVersion } from '../../package.js'
import type { RollbackRequest } from '../rollback.js'

interface RollbackOptions {
  readonly to?: string
  readonly list?: true
  readonly json?: true
  readonly quiet?: true
  readonly debug?: true
}

/** What each option means is said in `help.ts`. */
export function defineRollback(
  program: Command,
  run: (request: RollbackRequest, style: ReportStyle) => void,
): void {
  const command = program
    .command('rollback')
    .argument('<image>')
    .option('--to <k>')
    .addOption(new Option('-l, --list').conflicts('to'))
    .option('--json')
    .option('-q, --quiet')
    .option('--debug')
    .version(packageVersion(), '-V, --version')
    .action((image: string, options: RollbackOptions) =>
      run(rollbackRequest(image, options), {
        json: options.json ?? false,
        quiet: options.quiet ?? false,
        progress: false,
        debug: options.debug ?? false,
      }),
    )
  command.helpInformation = () => rollbackHelp
}

function rollbackRequest(image: string, { to, list }: RollbackOptions): RollbackRequest {
  if (image === '') throw wrongUsage('the path of the image is empty', 'Was a shell variable in it not set?')
  if (to !== undefined && !/^[1-9]\d{0,4}$/.test(to)) {
    throw wrongUsage(`--to ${to} is not the number of a kept image`, 'See venv-packer rollback IMAGE --list.')
  }
  return { image, to: to === undefined ? undefined : Number(to), list: list ?? false }
}

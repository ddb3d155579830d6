/** The command line of `venv-packer check`: what it accepts, and the request that it becomes. */
import type { Command } from 'commander'
import type { CheckRequest } from '../commands/check.js'
import { wrongUsage } from '../errors/failure.js'
import { packageVersion } from '../version.js'
import { checkHelp } from './help.js'
import { readMountPoint } from './mount-point.js'
import type { ReportStyle } from './report-style.js'

/** The options as Commander hands them over: texts, and true for what was named. */
interface CheckOptions {
  readonly anyDirectory?: true
  readonly exclude: readonly string[]
  readonly mountPoint?: string
  readonly strict?: true
  readonly json?: true
  readonly quiet?: true
  readonly debug?: true
}

/** What each option means is said in `help.ts`. */
export function defineCheck(
  program: Command,
  run: (request: CheckRequest, style: ReportStyle) => void,
): void {
  const command = program
    .command('check')
    .argument('<venv-or-image>')
    .option('--any-directory')
    .option('--exclude <glob>', '', append, [])
    .option('--mount-point <path>')
    .option('--strict')
    .option('--json')
    .option('-q, --quiet')
    .option('--debug')
    .version(packageVersion(), '-V, --version')
    .action((venv: string, options: CheckOptions) => run(checkRequest(venv, options), reportStyle(options)))
  command.helpInformation = () => checkHelp
}

function checkRequest(source: string, options: CheckOptions): CheckRequest {
  if (source === '') throw emptyValue('the path')
  if (options.exclude.includes('')) throw emptyValue('--exclude')
  return {
    source,
    anyDirectory: options.anyDirectory ?? false,
    exclude: options.exclude,
    mountPoint: readMountPoint(options.mountPoint),
    strict: options.strict ?? false,
  }
}

function reportStyle({ json, quiet, debug }: CheckOptions): ReportStyle {
  return { json: json ?? false, quiet: quiet ?? false, progress: false, debug: debug ?? false }
}

function emptyValue(what: string): Error {
  return wrongUsage(`${what} is empty`, 'Was a shell variable in it not set?')
}

function append(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value]
}

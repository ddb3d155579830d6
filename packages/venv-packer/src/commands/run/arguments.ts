/** The command line of `venv-packer run`: what it accepts, and the request that it becomes. */
import type { Command } from 'commander'
import { runHelp } from '../../cli/help.js'
import { type Failure, wrongUsage } from '../../failure.js'
import { type WayName, wayNames } from '../../mount/method.js'
import { packageVersion } from '../../package.js'
import type { RunRequest } from './plan.js'

/** How `run` speaks: the terminal is its command's, so it says next to nothing. */
export interface RunStyle {
  /** Only show what would be done. */
  readonly dryRun: boolean
  /** One JSON object on standard output, with a dry run. */
  readonly json: boolean
  /** The ways that did not work, and stacks with the errors. */
  readonly debug: boolean
}

/** The options as Commander hands them over. */
interface RunOptions {
  readonly at?: string
  readonly with?: string
  readonly dryRun?: true
  readonly json?: true
  readonly debug?: true
}

export interface RunLine {
  /** What is ours. */
  readonly own: readonly string[]
  /** What follows `--`, untouched; undefined without one. */
  readonly command: readonly string[] | undefined
}

export function splitAtDashes(argv: readonly string[]): RunLine {
  const dashes = argv.indexOf('--')
  return dashes < 0
    ? { own: argv, command: undefined }
    : { own: argv.slice(0, dashes), command: argv.slice(dashes + 1) }
}

/** What each option means is said in `help.ts`. */
export function defineRun(
  program: Command,
  command: RunLine['command'],
  run: (request: RunRequest, style: RunStyle) => void,
): void {
  const definition = program
    .command('run')
    .argument('<image>')
    .option('--at <folder>')
    .option('--with <way>')
    .option('--dry-run')
    .option('--json')
    .option('--debug')
    .version(packageVersion(), '-V, --version')
    .action((image: string, options: RunOptions) => {
      run(runRequest(image, command, options), runStyle(options))
    })
  definition.helpInformation = () => runHelp
}

/** For a line without `--`: what was meant as the command looks like options and arguments of ours. */
export function dashesMissing(): Failure {
  return wrongUsage('there is no -- before the command', commandRemedy)
}

const commandRemedy = 'Write venv-packer run IMAGE -- COMMAND; bash is a command, too.'
const emptyRemedy = 'Was a shell variable in it not set?'
export const seeRunHelp = 'See venv-packer run --help.'

function runRequest(image: string, command: RunLine['command'], options: RunOptions): RunRequest {
  if (image === '') throw wrongUsage('the path of the image is empty', emptyRemedy)
  if (options.at === '') throw wrongUsage('--at is empty', emptyRemedy)
  if (command === undefined || command.length === 0) throw wrongUsage('no command is given', commandRemedy)
  if (command[0] === '') throw wrongUsage('the command is empty', emptyRemedy)
  if (options.json && !options.dryRun) {
    throw wrongUsage('--json goes with --dry-run', 'Otherwise standard output is that of the command.')
  }
  return { image, at: options.at, way: options.with === undefined ? undefined : way(options.with), command }
}

function runStyle(options: RunOptions): RunStyle {
  return { dryRun: options.dryRun ?? false, json: options.json ?? false, debug: options.debug ?? false }
}

function way(text: string): WayName {
  const known = wayNames.find((name) => name === text)
  if (known === undefined)
    throw wrongUsage(`--with ${text} is unknown: it is one of ${wayNames.join(', ')}`, seeRunHelp)
  return known
}

/** The whole command line: commands and options in, one decided invocation out. Throws wrong usage as a Failure. */
import { Command, CommanderError } from 'commander'
import type { CheckRequest } from '../commands/check.js'
import type { PackRequest } from '../commands/pack.js'
import { type Failure, wrongUsage } from '../errors/failure.js'
import { packageVersion } from '../version.js'
import { defineCheck } from './check-arguments.js'
import { programHelp } from './help.js'
import { definePack } from './pack-arguments.js'
import type { ReportStyle } from './report-style.js'

export type Invocation =
  /** `--help` and `--version`: a text to print, and done. */
  | { readonly command: 'print'; readonly text: string }
  | { readonly command: 'pack'; readonly request: PackRequest; readonly style: ReportStyle }
  | { readonly command: 'check'; readonly request: CheckRequest; readonly style: ReportStyle }

export function readCommandLine(argv: readonly string[]): Invocation {
  let invocation: Invocation | undefined
  let printed = ''
  const print = (text: string): void => {
    printed += text
  }
  const program = new Command('venv-packer')
    .version(packageVersion(), '-V, --version')
    .configureOutput({ writeOut: print, writeErr: print, outputError: () => {} })
    .exitOverride()
  program.helpInformation = () => programHelp
  definePack(program, (request, style) => {
    invocation = { command: 'pack', request, style }
  })
  defineCheck(program, (request, style) => {
    invocation = { command: 'check', request, style }
  })
  try {
    program.parse(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { command: 'print', text: printed }
    throw commandLineFailure(
      error,
      program.commands.find((command) => command.name() === argv[0]),
    )
  }
  if (invocation === undefined) throw wrongUsage('no command is given', usualRemedy)
  return invocation
}

const usualRemedy = 'Try venv-packer pack VENV, or see venv-packer --help.'

/** Commander's message is one line, with a suggestion in brackets on a second one now and then. */
function commandLineFailure(error: CommanderError, command: Command | undefined): Failure {
  if (error.code === 'commander.help') return wrongUsage('no command is given', usualRemedy)
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n(')
  const help = command && `See venv-packer ${command.name()} --help.`
  return wrongUsage(message, suggestion?.replace(/\)$/, '') ?? help)
}

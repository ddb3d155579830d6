/** The whole command line: commands and options in, one decided invocation out. Throws wrong usage as a Failure. */
import { Command, CommanderError } from 'commander'
import type { PackRequest } from '../commands/pack.js'
import type { RunRequest } from '../commands/run-plan.js'
import { type Failure, wrongUsage } from '../errors/failure.js'
import { packageVersion } from '../version.js'
import { programHelp } from './help.js'
import { definePack } from './pack-arguments.js'
import type { ReportStyle } from './report-style.js'
import { dashesMissing, defineRun, type RunStyle, seeRunHelp, splitAtDashes } from './run-arguments.js'

export type Invocation =
  /** `--help` and `--version`: a text to print, and done. */
  | { readonly command: 'print'; readonly text: string }
  | { readonly command: 'pack'; readonly request: PackRequest; readonly style: ReportStyle }
  | { readonly command: 'run'; readonly request: RunRequest; readonly style: RunStyle }

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
  const isRun = argv[0] === 'run'
  const { own, command } = isRun ? splitAtDashes(argv) : { own: argv, command: undefined }
  defineRun(program, command, (request, style) => {
    invocation = { command: 'run', request, style }
  })
  try {
    program.parse(own, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { command: 'print', text: printed }
    if (isRun && command === undefined && meantForCommand.has(error.code)) throw dashesMissing()
    throw commandLineFailure(error, isRun ? seeRunHelp : undefined)
  }
  if (invocation === undefined) throw wrongUsage('no command is given', usualRemedy)
  return invocation
}

const usualRemedy = 'Try venv-packer pack VENV, or see venv-packer --help.'

/** What Commander says of the words of a command that has no `--` before it. */
const meantForCommand = new Set(['commander.unknownOption', 'commander.excessArguments'])

/** Commander's message is one line, with a suggestion in brackets on a second one now and then. */
function commandLineFailure(error: CommanderError, remedy?: string): Failure {
  if (error.code === 'commander.help') return wrongUsage('no command is given', usualRemedy)
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n(')
  return wrongUsage(message, suggestion?.replace(/\)$/, '') ?? remedy)
}

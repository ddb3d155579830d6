/** The whole command line: commands and options in, one decided invocation out. Throws wrong usage as a Failure. */
import { Command, CommanderError } from 'commander'
import type { CheckRequest } from '../commands/check.js'
import type { CreateRequest } from '../commands/create.js'
import type { DiffRequest } from '../commands/diff.js'
import type { PackRequest } from '../commands/pack.js'
import type { RollbackRequest } from '../commands/rollback.js'
import type { RunRequest } from '../commands/run-plan.js'
import type { Shell } from '../completion/completion.js'
import { type Failure, wrongUsage } from '../errors/failure.js'
import { packageVersion } from '../version.js'
import { defineCheck } from './check-arguments.js'
import { defineCompletion } from './completion-arguments.js'
import { dashesMissingBefore, defineCreate } from './create-arguments.js'
import { defineDiff } from './diff-arguments.js'
import { programHelp } from './help.js'
import { defineImageCommands } from './image-arguments.js'
import type { ImageInvocation } from './image-invocation.js'
import { definePack } from './pack-arguments.js'
import type { ReportStyle } from './report-style.js'
import { defineRollback } from './rollback-arguments.js'
import { dashesMissing, defineRun, type RunStyle, splitAtDashes } from './run-arguments.js'
import { remedyForUsualMistake } from './usual-mistakes.js'

export type Invocation =
  /** `--help` and `--version`: a text to print, and done. */
  | { readonly command: 'print'; readonly text: string }
  | { readonly command: 'pack'; readonly request: PackRequest; readonly style: ReportStyle }
  | { readonly command: 'create'; readonly request: CreateRequest; readonly style: ReportStyle }
  | { readonly command: 'check'; readonly request: CheckRequest; readonly style: ReportStyle }
  | { readonly command: 'rollback'; readonly request: RollbackRequest; readonly style: ReportStyle }
  | { readonly command: 'diff'; readonly request: DiffRequest; readonly style: ReportStyle }
  | { readonly command: 'completion'; readonly shell: Shell; readonly program: Command }
  | { readonly command: 'run'; readonly request: RunRequest; readonly style: RunStyle }
  | ImageInvocation

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
  defineRollback(program, (request, style) => {
    invocation = { command: 'rollback', request, style }
  })
  defineDiff(program, (request, style) => {
    invocation = { command: 'diff', request, style }
  })
  defineImageCommands(program, (one) => {
    invocation = one
  })
  defineCompletion(program, (shell) => {
    invocation = { command: 'completion', shell, program }
  })
  const isRun = argv[0] === 'run'
  const isCreate = argv[0] === 'create'
  const { own, command } = isRun || isCreate ? splitAtDashes(argv) : { own: argv, command: undefined }
  defineCreate(program, command ?? [], (request, style) => {
    invocation = { command: 'create', request, style }
  })
  defineRun(program, command, (request, style) => {
    invocation = { command: 'run', request, style }
  })
  try {
    program.parse(own, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { command: 'print', text: printed }
    if (isRun && command === undefined && meantForCommand.has(error.code)) throw dashesMissing()
    if (isCreate && error.code === 'commander.unknownOption') throw dashesMissingBefore(error.message)
    throw commandLineFailure(error, remedyForUsualMistake(error.code, argv) ?? seeHelp(program, argv))
  }
  if (invocation === undefined) throw wrongUsage('no command is given', usualRemedy)
  return invocation
}

const usualRemedy = 'Try venv-packer pack VENV, or see venv-packer --help.'

/** What Commander says of the words of a command that has no `--` before it. */
const meantForCommand = new Set(['commander.unknownOption', 'commander.excessArguments'])

/** Commander's message is one line, with a suggestion in brackets on a second one now and then. */
function commandLineFailure(error: CommanderError, otherwise: string): Failure {
  if (error.code === 'commander.help') return wrongUsage('no command is given', usualRemedy)
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n(')
  return wrongUsage(message, suggestion?.replace(/\)$/, '') ?? otherwise)
}

function seeHelp(program: Command, [name]: readonly string[]): string {
  const isCommand = program.commands.some((command) => command.name() === name)
  return `See venv-packer ${isCommand ? `${name} ` : ''}--help.`
}

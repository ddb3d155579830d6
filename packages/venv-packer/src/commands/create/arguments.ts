/** The command line of `venv-packer create`: what it accepts, and the request that it becomes. */
import type { Command } from 'commander'
import { usualLevels } from '../../bytecode/modules.js'
import { optionWithChoices } from '../../cli/choices.js'
import { createHelp } from '../../cli/help.js'
import type { ReportStyle } from '../../cli/report-style.js'
import { type Failure, wrongUsage } from '../../failure.js'
import { append, imageRequest, type PackOptions, reportStyle, withImageOptions } from '../pack/arguments.js'
import type { CreateRequest, Tool } from './create.js'
import { checkMountPoint } from './steps.js'

interface CreateOptions extends PackOptions {
  readonly compile: boolean
  readonly requirements: readonly string[]
  readonly python?: string
  readonly with: string
  readonly workDir?: string
}

const tools = ['uv', 'venv'] as const

/**
 * What each option means is said in `help.ts`.
 * @param passedOn what follows `--`.
 */
export function defineCreate(
  program: Command,
  passedOn: readonly string[],
  run: (request: CreateRequest, style: ReportStyle) => void,
): void {
  const command = withImageOptions(program.command('create').argument('[packages...]'))
    .option('-r, --requirements <file>', '', append, [])
    .option('--python <python>')
    .addOption(optionWithChoices('--with <tool>', tools).default('uv'))
    .option('--work-dir <folder>')
    .option('--no-compile')
    .action((packages: readonly string[], options: CreateOptions) =>
      run(createRequest(packages, passedOn, options), reportStyle(options)),
    )
  command.helpInformation = () => createHelp
}

/** For an option that we do not have, and uv or pip may. */
export function dashesMissingBefore(message: string): Failure {
  const [what = ''] = message.replace(/^error: /, '').split('\n')
  return wrongUsage(what, `${seeHelp} Options for uv pip install go after --.`)
}

const seeHelp = 'See venv-packer create --help.'
const emptyRemedy = 'Was a shell variable in it not set?'

function createRequest(
  packages: readonly string[],
  passedOn: readonly string[],
  options: CreateOptions,
): CreateRequest {
  const { requirements, python, workDir } = options
  for (const [name, value] of Object.entries({ python, 'work-dir': workDir }))
    if (value === '') throw wrongUsage(`--${name} is empty`, emptyRemedy)
  if (packages.includes('')) throw wrongUsage('the name of a package is empty', emptyRemedy)
  if (requirements.includes('')) throw wrongUsage('--requirements is empty', emptyRemedy)
  if (packages.length + requirements.length + passedOn.length === 0)
    throw wrongUsage('nothing is named that is to be installed', 'Name packages, or a file with -r FILE.')
  if (!options.compile && options.optimize !== undefined)
    throw wrongUsage('--optimize says what --no-compile leaves out', 'Give one of them.')
  const packing = imageRequest(options)
  const compile = options.compile ? (packing.compile ?? usualLevels) : undefined
  return {
    tool: tool(options.with, packing.mountPoint),
    wishes: { python, requirements, packages, passedOn, compiles: compile !== undefined },
    workFolder: workDir,
    packing: { ...packing, compile },
  }
}

function tool(text: string, mountPoint: string | undefined): Tool {
  const name = tools.find((known) => known === text)
  if (name === undefined)
    throw wrongUsage(`--with ${text} is unknown: it is one of ${tools.join(', ')}`, seeHelp)
  if (name === 'uv') return { name }
  if (mountPoint === undefined) {
    throw wrongUsage(
      '--with venv needs --mount-point',
      'What venv makes works at one path only: name the one where the image will be mounted.',
    )
  }
  checkMountPoint(mountPoint)
  return { name, mountPoint }
}

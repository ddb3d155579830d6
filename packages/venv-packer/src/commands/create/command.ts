/** `venv-packer create` on a terminal: its request, and its progress. */
import type { Invocation, Values } from '../../cli/commands.js'
import { type ExitCode, wrongUsage } from '../../failure.js'
import { reportStyle } from '../../terminal/report-style.js'
import { packOnTerminal } from '../pack/command.js'
import { imageRequest } from '../pack/request.js'
import { type CreateRequest, create, type Tool } from './create.js'
import { checkMountPoint } from './steps.js'

export async function runCreate({ values, rest }: Invocation<'create'>): Promise<ExitCode> {
  const request = createRequest(values, rest ?? [])
  const style = reportStyle(values)
  const show = process.stderr.isTTY && !style.json && !style.quiet
  return await packOnTerminal(style, (context, showProgress) =>
    create(request, { ...context, show, onPacking: showProgress }),
  )
}

function createRequest(values: Values<'create'>, passedOn: readonly string[]): CreateRequest {
  const { python, requirements, packages, workDir } = values
  if (packages.length + requirements.length + passedOn.length === 0)
    throw wrongUsage('nothing is named that is to be installed', 'Name packages, or a file with -r FILE.')
  if (!values.compile && values.optimize !== undefined)
    throw wrongUsage('--optimize says what --no-compile leaves out', 'Give one of them.')
  const packing = imageRequest(values)
  return {
    tool: tool(values.with, packing.mountPoint),
    createOptions: { python, requirements, packages, passedOn, compiles: packing.compile !== undefined },
    workDirectory: workDir,
    packing,
  }
}

function tool(name: Tool['name'], mountPoint: string | undefined): Tool {
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

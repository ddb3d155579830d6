/** `venv-packer create`: makes an environment in memory, installs packages into it, and packs it. Only the image is kept. */
import { basename, dirname, extname, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Invocation, Values } from '../../cli/commands.js'
import { distributionsIn } from '../../environment/distributions.js'
import { type ExitCode, wrongUsage } from '../../failure.js'
import { chooseDestination } from '../../image/destination.js'
import { reportStyle } from '../../terminal/printing.js'
import { type PackContext, pack, packOnTerminal } from '../pack/pack.js'
import { type ImageRequest, imageRequest, type PackReport, type PackRequest } from '../pack/request.js'
import { requireInstalled } from './require-installed.js'
import { rewritePaths } from './rewrite-paths.js'
import { runStep } from './run-step.js'
import { type CreateOptions, checkMountPoint, type Steps, stepsWithUv, stepsWithVenv } from './steps.js'
import { withWorkDirectory } from './work-directory.js'

/** The request of the command line. Paths are as the user typed them. */
export interface CreateRequest {
  readonly tool: Tool
  readonly createOptions: CreateOptions
  /** The directory in which to make the environment; undefined: in memory, or in the temporary directory. */
  readonly workDirectory: string | undefined
  readonly packing: ImageRequest
}

/** The tool that makes the environment. uv makes a relocatable one, and venv one for the mount point. */
export type Tool = { readonly name: 'uv' } | { readonly name: 'venv'; readonly mountPoint: string }

export interface CreateContext extends PackContext {
  /** Whether to show the installer's output on standard error. */
  readonly show: boolean
  /** Called when the environment is complete, before it is packed. */
  readonly onPacking: () => void
}

/** The name of the environment's directory, and the default name of the image. */
const ENVIRONMENT_NAME = 'venv'

export async function create(request: CreateRequest, context: CreateContext): Promise<PackReport> {
  const started = performance.now()
  return await withWorkDirectory(request.workDirectory, async (workDirectory) => {
    const directory = join(workDirectory, ENVIRONMENT_NAME)
    const output = request.packing.output ?? `${ENVIRONMENT_NAME}.squashfs`
    // Refuse an unusable destination before anything is installed.
    await chooseDestination(output, { path: directory, realPath: directory }, request.packing.force)
    const { make, install } = stepsFor(request, directory)
    await runStep(make, context)
    const before = await distributionsIn(directory)
    await runStep(install, context)
    const { createOptions, tool } = request
    await requireInstalled({ step: install, tool: tool.name, createOptions, directory, before })
    if (request.tool.name === 'venv') await rewritePaths(directory, request.tool.mountPoint)
    context.onPacking()
    const report = await pack(packRequest(request, directory, output), context)
    return created(report, request.tool, (performance.now() - started) / 1000)
  })
}

function stepsFor({ tool, createOptions }: CreateRequest, directory: string): Steps {
  return tool.name === 'uv'
    ? stepsWithUv(directory, createOptions, process.env)
    : stepsWithVenv(directory, tool.mountPoint, createOptions, process.env)
}

function packRequest({ tool, packing }: CreateRequest, directory: string, output: string): PackRequest {
  // The bytecode of the pip that venv installs contains the path of the work directory.
  const exclude = tool.name === 'venv' ? [...packing.exclude, '__pycache__'] : packing.exclude
  return { ...packing, source: directory, anyDirectory: false, output, exclude }
}

/** The environment is removed before the report is printed, so that the report names a mount point beside the image instead. */
function created(report: PackReport, tool: Tool, seconds: number): PackReport {
  const { path } = report.destination
  const mounted = join(dirname(path), `${basename(path, extname(path))}.mount`)
  const environment = { ...report.environment, typed: 'a new environment', path: mounted, realPath: mounted }
  return { ...report, environment, createdWith: tool.name, seconds }
}

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
    throw wrongUsage('no packages are given', 'Name packages, or a file with -r FILE.')
  if (!values.compile && values.optimize !== undefined)
    throw wrongUsage('--optimize and --no-compile contradict each other', 'Leave one of them out.')
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
      'An environment of venv works at one path only: give the path where the image will be mounted.',
    )
  }
  checkMountPoint(mountPoint)
  return { name, mountPoint }
}

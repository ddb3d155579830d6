/** `venv-packer create`: an environment is made in memory, installed into, and packed; nothing of it stays but the image. */
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

/** The request of the command line; paths are still as they were typed. */
export interface CreateRequest {
  readonly tool: Tool
  readonly createOptions: CreateOptions
  /** Where the environment is made; undefined: in memory, or the temporary directory. */
  readonly workDirectory: string | undefined
  readonly packing: ImageRequest
}

/** The tool that makes the environment: uv a relocatable one, venv one for the mount point. */
export type Tool = { readonly name: 'uv' } | { readonly name: 'venv'; readonly mountPoint: string }

export interface CreateContext extends PackContext {
  /** Whether the installer's output is shown, on standard error. */
  readonly show: boolean
  /** Called when the environment is there, and is about to be packed. */
  readonly onPacking: () => void
}

/** The name of the directory in which the environment is made, and so of an image without a name of its own. */
const ENVIRONMENT_NAME = 'venv'

export async function create(request: CreateRequest, context: CreateContext): Promise<PackReport> {
  const started = performance.now()
  return await withWorkDirectory(request.workDirectory, async (workDirectory) => {
    const directory = join(workDirectory, ENVIRONMENT_NAME)
    const output = request.packing.output ?? `${ENVIRONMENT_NAME}.squashfs`
    // All that can be refused is refused before anything is installed.
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
  // venv's own pip comes with bytecode, which names the place where it was made.
  const exclude = tool.name === 'venv' ? [...packing.exclude, '__pycache__'] : packing.exclude
  return { ...packing, source: directory, anyDirectory: false, output, exclude }
}

/** The environment is gone when the report is read: it names the mount point beside the image. */
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

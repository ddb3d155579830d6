/** Plans `venv-packer run`: makes all decisions, and refuses what cannot work, before anything is mounted. */
import { ImageError } from 'squashfs-writer/read'
import type { EnvironmentProperties } from '../../environment/environment.js'
import { packedEnvironment } from '../../environment/packed-environment.js'
import { damaged, type ImageToRun, openImageToRun } from '../../image/opened-image.js'
import { lookupMachine, type Machine } from '../../mount/machine.js'
import { type CommandLine, type MountMethodName, mountMethods, type Plan } from '../../mount/methods.js'
import { chooseMountPoint } from '../../mount/mount-point.js'
import { ownDirectories, sharedIdentity } from '../../mount/own-directory.js'
import { type RequiredCommand, requireCommand, requireInterpreter } from './require-command.js'

/** The request of the command line. Paths are as the user typed them. */
export interface RunRequest {
  readonly image: string
  /** The mount point. Undefined: where the environment works, or a directory of our own. */
  readonly at: string | undefined
  /** Undefined: the first method that works. */
  readonly method: MountMethodName | undefined
  /** At least one word. */
  readonly command: CommandLine
}

export interface RunPlan {
  readonly request: RunRequest
  readonly image: ImageToRun
  /** Undefined for an image that venv-packer cannot read. */
  readonly packed: EnvironmentProperties | undefined
  /** The mount point, absolute. */
  readonly point: string
  /** The mount point for a mount that other processes see; undefined unless it is a directory of our own. */
  readonly shared: string | undefined
  /** See {@link RequiredCommand}. */
  readonly commandAt: (point: string) => CommandLine
  /** Warnings about the command. */
  readonly warnings: readonly string[]
  readonly machine: Machine
}

/** A method that could not mount the image. */
export interface FailedMethod {
  readonly method: MountMethodName
  readonly reason: string
}

/** A method, and the command as it is run by this method. */
export interface PlannedMount {
  readonly name: MountMethodName
  readonly plan: Plan
  readonly command: CommandLine
}

/** @param dry for `--dry-run`, which makes no mount point. */
export async function planRun(request: RunRequest, dry: boolean): Promise<RunPlan> {
  const image = await openImageToRun(request.image)
  try {
    const packed = image.open && (await packedEnvironment(image.open))
    const wanted = await chooseMountPoint(image.typed, request.at, packed)
    const named = { path: image.path, identity: sharedIdentity(image.identity, process.env) }
    const { point, shared } =
      wanted === undefined
        ? await ownDirectories(named, process.env, !dry)
        : { point: wanted, shared: undefined }
    const required = await requireParts(request, image, packed, point)
    return {
      ...{ request, image, packed, point, shared, ...required },
      machine: await lookupMachine(process.env),
    }
  } catch (error) {
    throw error instanceof ImageError ? damaged(image.typed, image.path, error) : error
  } finally {
    await image.open?.close()
  }
}

/** Refuses a missing interpreter or command, as far as they can be checked before mounting. */
async function requireParts(
  { command }: RunRequest,
  { open }: ImageToRun,
  packed: EnvironmentProperties | undefined,
  point: string,
): Promise<RequiredCommand> {
  if (open === undefined) return { commandAt: () => command, warnings: [] }
  if (packed?.config !== undefined) await requireInterpreter(open, point)
  return await requireCommand(command, { image: open, point, path: process.env.PATH ?? '' })
}

/** The methods in the order in which they are tried. */
export function plannedMounts({
  request,
  image,
  packed,
  machine,
  point,
  shared,
  commandAt,
}: RunPlan): readonly PlannedMount[] {
  const identity = sharedIdentity(image.identity, process.env)
  const mounting = { image: image.path, identity, point, shared }
  const isVenv = packed === undefined || packed.config !== undefined
  return mountMethods
    .filter(({ name }) => request.method === undefined || name === request.method)
    .map((method) => {
      const plan = method.plan(machine, mounting)
      const drops = plan.possible ? plan.drops : () => false
      const at = (plan.possible ? plan.shared?.point : undefined) ?? point
      const active = activated(commandAt(at), { point: at, isVenv, env: process.env, drops })
      return { name: method.name, plan, command: active }
    })
}

/** The default of PATH (confstr's `_CS_PATH`). */
const DEFAULT_PATH = '/bin:/usr/bin'

export interface Activation {
  /** The mount point of the image. */
  readonly point: string
  /** Whether the image contains a virtual environment. */
  readonly isVenv: boolean
  readonly env: NodeJS.ProcessEnv
  /** The variables that the method drops, so that env(1) must set them again. */
  readonly drops: (variable: string) => boolean
}

/** The command line that runs a command in the mounted environment. */
export function activated(command: CommandLine, { point, isVenv, env, drops }: Activation): CommandLine {
  const droppedVariables = Object.entries(env).flatMap(([name, value]) =>
    drops(name) ? [`${name}=${value}`] : [],
  )
  return [
    '/usr/bin/env',
    ...(env.PYTHONHOME === undefined ? [] : ['-u', 'PYTHONHOME']),
    ...droppedVariables,
    ...(isVenv ? [`VIRTUAL_ENV=${point}`] : []),
    `PATH=${point}/bin:${env.PATH || DEFAULT_PATH}`,
    ...command,
  ]
}

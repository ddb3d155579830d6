/** The plan of `venv-packer run`: all that is decided, and all that can be refused, before anything is mounted. */
import { ImageError } from 'squashfs-writer/read'
import { damaged, type ImageToRun, openImageToRun } from '../image/image-to-run.js'
import { activated } from '../mounting/active-environment.js'
import { lookAtMachine, type Machine } from '../mounting/machine.js'
import { chooseMountPoint, type MountPoint } from '../mounting/mount-point.js'
import { temporaryPlaces } from '../mounting/temporary-folder.js'
import type { CommandLine, Plan, WayName } from '../mounting/way.js'
import { ways } from '../mounting/ways.js'
import { requireCommand } from '../processes/require-command.js'
import { type PackedEnvironment, packedEnvironment } from '../venv/packed-environment.js'
import { requireInterpreter } from '../venv/packed-interpreter.js'

/** What the command line asked for; paths are still as they were typed. */
export interface RunRequest {
  readonly image: string
  /** Undefined: where the environment works, or a temporary folder. */
  readonly at: string | undefined
  /** Undefined: the first way that works. */
  readonly way: WayName | undefined
  /** At least one word. */
  readonly command: CommandLine
}

export interface RunPlan {
  readonly request: RunRequest
  readonly image: ImageToRun
  /** Undefined for an image that cannot be looked into. */
  readonly packed: PackedEnvironment | undefined
  readonly point: MountPoint
  readonly machine: Machine
}

/** One way, and the command as it is run on it. */
export interface PlannedWay {
  readonly name: WayName
  readonly plan: Plan
  readonly command: CommandLine
}

/** Stands for a temporary folder that is not made yet. */
export function futureFolder(): string {
  return `${temporaryPlaces(process.env)[0]}XXXXXX`
}

export async function planRun(request: RunRequest): Promise<RunPlan> {
  const image = await openImageToRun(request.image)
  try {
    const packed = image.open && (await packedEnvironment(image.open))
    const point = await chooseMountPoint(image.typed, request.at, packed)
    await requireParts(request, image, packed, point ?? futureFolder())
    return { request, image, packed, point, machine: await lookAtMachine(process.env) }
  } catch (error) {
    throw error instanceof ImageError ? damaged(image.typed, image.path, error) : error
  } finally {
    await image.open?.close()
  }
}

/** The interpreter and the command, as far as they can be seen from here. */
async function requireParts(
  { command }: RunRequest,
  { open }: ImageToRun,
  packed: PackedEnvironment | undefined,
  point: string,
): Promise<void> {
  if (open === undefined) return
  if (packed?.config !== undefined) await requireInterpreter(open, point)
  await requireCommand(command, { image: open, point, path: process.env.PATH ?? '' })
}

/**
 * The ways in the order in which they are tried.
 * @param point the folder at which the image will be mounted.
 */
export function plannedWays(
  { request, image, packed, machine, point: wanted }: RunPlan,
  point: string,
): readonly PlannedWay[] {
  const mounting = { image: image.path, point, temporary: wanted === undefined }
  const isVenv = packed === undefined || packed.config !== undefined
  return ways
    .filter(({ name }) => request.way === undefined || name === request.way)
    .map((way) => {
      const plan = way.plan(machine, mounting)
      const loses = plan.possible ? plan.loses : () => false
      const command = activated(request.command, { point, isVenv, env: process.env, loses })
      return { name: way.name, plan, command }
    })
}

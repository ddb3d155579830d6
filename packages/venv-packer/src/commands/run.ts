/** `venv-packer run`: a command with an image mounted and its environment active. It leaves nothing mounted. */
import { constants } from 'node:os'
import { Failure } from '../errors/failure.js'
import { exitCodes } from '../exit-codes.js'
import type { WayName } from '../mounting/way.js'
import { type MountedRun, runMounted } from '../processes/run-mounted.js'
import { shareMount } from '../processes/shared-mount.js'
import {
  type EarlySignals,
  type RelayedSignal,
  type SignalRelay,
  startSignalRelay,
} from '../processes/signal-relay.js'
import { type PlannedWay, plannedWays, planRun, type RunPlan, type RunRequest } from './run-plan.js'

/** Why a way did not work. */
export interface Obstacle {
  readonly way: WayName
  readonly reason: string
}

/** Who is told what happens on the way. */
export interface RunCompany {
  readonly earlySignals: EarlySignals
  /** A way that did not work, and why. */
  readonly onObstacle: (obstacle: Obstacle) => void
  /** Something that may not be meant so. */
  readonly onWarning: (warning: string) => void
  /** Something that could not be cleaned up. */
  readonly onLeftover: (message: string) => void
}

/** Runs the command by the first way that mounts the image, and gives its exit code: 128 + n when signal n ended it. */
export async function run(request: RunRequest, company: RunCompany): Promise<number> {
  const relay = startSignalRelay(company.earlySignals)
  try {
    const plan = await planRun(request, false)
    await relay.ready
    for (const warning of plan.warnings) company.onWarning(warning)
    return await tryWays(plan, relay, company)
  } finally {
    relay.stop()
  }
}

async function tryWays(plan: RunPlan, relay: SignalRelay, company: RunCompany): Promise<number> {
  const obstacles: Obstacle[] = []
  for (const way of plannedWays(plan)) {
    const result = await go(way, relay, company)
    if (result.mounted) return result.exitCode
    const signal = relay.received()
    if (signal !== undefined) throw interrupted(signal)
    const obstacle = { way: way.name, reason: withoutName(result.reason, way.name) }
    obstacles.push(obstacle)
    company.onObstacle(obstacle)
  }
  throw notMounted(plan, obstacles)
}

const notStarted: MountedRun = { mounted: false, reason: 'a signal came first' }

async function go(
  { plan, command }: PlannedWay,
  relay: SignalRelay,
  company: RunCompany,
): Promise<MountedRun> {
  if (!plan.possible) return { mounted: false, reason: plan.reason }
  if (relay.received() !== undefined) return notStarted
  if (plan.shared === undefined) return await runMounted(plan.around, command, relay)
  const mount = await shareMount(plan.shared, relay)
  if (!mount.mounted) return mount
  try {
    if (relay.received() !== undefined) return notStarted
    return await runMounted(plan.around, command, relay)
  } finally {
    const problem = await mount.release()
    if (problem !== undefined) company.onLeftover(problem)
  }
}

/** Most programs begin what they say with their name, and the way has that name, too. */
function withoutName(reason: string, name: string): string {
  return reason.startsWith(`${name}: `) ? reason.slice(name.length + 2) : reason
}

function interrupted(signal: RelayedSignal): Failure {
  const message = `stopped by ${signal} before the command was started`
  return new Failure('INTERRUPTED', message, 'Run it again.', { exitCode: 128 + constants.signals[signal] })
}

function notMounted({ image, request }: RunPlan, obstacles: readonly Obstacle[]): Failure {
  const paths = obstacles.map(({ way, reason }) => ({ path: way, code: 'NOT_MOUNTED', message: reason }))
  const details = { path: image.path, paths, exitCode: exitCodes.commandNotStarted }
  if (request.way !== undefined) {
    const message = `${image.typed} cannot be mounted by ${request.way}: ${obstacles[0]?.reason}`
    return new Failure('NOT_MOUNTED', message, 'Leave --with out to try the other ways.', {
      ...details,
      mending: { without: ['--with'] },
    })
  }
  const message = `${image.typed} cannot be mounted on this machine`
  return new Failure('NOT_MOUNTED', message, remedy, details)
}

const remedy =
  'Install squashfuse (it needs /dev/fuse) or squashfs-mount; for a kernel without zstd pack with --compression gzip.'

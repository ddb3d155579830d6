/** `venv-packer run`: runs a command with an image mounted and its environment active, and unmounts the image. */
import { constants } from 'node:os'
import type { Invocation } from '../../cli/commands.js'
import { COMMAND_REMEDY } from '../../cli/parse.js'
import { EXIT_CODES, type ExitCode, emptyValue, Failure, wrongUsage } from '../../failure.js'
import { type MountedRun, runMounted } from '../../mount/run-mounted.js'
import { shareMount } from '../../mount/shared-mount.js'
import {
  type EarlySignals,
  type RelayedSignal,
  type SignalRelay,
  startSignalRelay,
} from '../../mount/signal-relay.js'
import { print } from '../../terminal/printing.js'
import {
  type FailedMethod,
  type PlannedMount,
  plannedMounts,
  planRun,
  type RunPlan,
  type RunRequest,
} from './plan.js'
import { failedMethodLine, leftoverLine, reportRunPlan, warningLine } from './report.js'

/** The callbacks and signals of a run. */
export interface RunContext {
  readonly earlySignals: EarlySignals
  /** Called for a method that could not mount the image. */
  readonly onFailedMethod: (failure: FailedMethod) => void
  /** Called with a warning about the command. */
  readonly onWarning: (warning: string) => void
  /** Called if the image could not be unmounted. */
  readonly onLeftover: (message: string) => void
}

/** Runs the command by the first method that can mount the image. Returns its exit code, 128 + n if signal n ended it. */
export async function run(request: RunRequest, context: RunContext): Promise<number> {
  const relay = startSignalRelay(context.earlySignals)
  try {
    const plan = await planRun(request, false)
    await relay.ready
    for (const warning of plan.warnings) context.onWarning(warning)
    return await tryMethods(plan, relay, context)
  } finally {
    relay.stop()
  }
}

async function tryMethods(plan: RunPlan, relay: SignalRelay, context: RunContext): Promise<number> {
  const failed: FailedMethod[] = []
  for (const method of plannedMounts(plan)) {
    const result = await tryMethod(method, relay, context)
    if (result.mounted) return result.exitCode
    const signal = relay.received()
    if (signal !== undefined) throw interrupted(signal)
    const failure = { method: method.name, reason: withoutName(result.reason, method.name) }
    failed.push(failure)
    context.onFailedMethod(failure)
  }
  throw notMounted(plan, failed)
}

const NOT_STARTED: MountedRun = { mounted: false, reason: 'a signal came first' }

async function tryMethod(
  { plan, command }: PlannedMount,
  relay: SignalRelay,
  context: RunContext,
): Promise<MountedRun> {
  if (!plan.possible) return { mounted: false, reason: plan.reason }
  if (relay.received() !== undefined) return NOT_STARTED
  if (plan.shared === undefined) return await runMounted(plan.wrap, command, relay)
  const mount = await shareMount(plan.shared, relay)
  if (!mount.mounted) return mount
  try {
    if (relay.received() !== undefined) return NOT_STARTED
    return await runMounted(plan.wrap, command, relay)
  } finally {
    const problem = await mount.release()
    if (problem !== undefined) context.onLeftover(problem)
  }
}

/** Removes the name of the program from its message, if it is the name of the method. */
function withoutName(reason: string, name: string): string {
  return reason.startsWith(`${name}: `) ? reason.slice(name.length + 2) : reason
}

function interrupted(signal: RelayedSignal): Failure {
  const message = `stopped by ${signal} before the command was started`
  return new Failure('INTERRUPTED', message, 'Run it again.', { exitCode: 128 + constants.signals[signal] })
}

function notMounted({ image, request }: RunPlan, failed: readonly FailedMethod[]): Failure {
  const paths = failed.map(({ method, reason }) => ({
    path: method,
    code: 'NOT_MOUNTED',
    message: reason,
  }))
  const details = { path: image.path, paths, exitCode: EXIT_CODES.commandNotStarted }
  if (request.method !== undefined) {
    const message = `${image.typed} cannot be mounted by ${request.method}: ${failed[0]?.reason}`
    return new Failure('NOT_MOUNTED', message, 'Leave --with out to try the other methods.', {
      ...details,
      fix: { without: ['--with'] },
    })
  }
  const message = `${image.typed} cannot be mounted on this machine`
  return new Failure('NOT_MOUNTED', message, REMEDY, details)
}

const REMEDY =
  'Install squashfuse (it needs /dev/fuse) or squashfs-mount; for a kernel without zstd pack with --compression gzip.'

export async function runRun(invocation: Invocation<'run'>, earlySignals: EarlySignals): Promise<ExitCode> {
  const request = runRequest(invocation)
  const { dryRun, json, debug } = invocation.values
  if (dryRun) {
    await print(reportRunPlan(await planRun(request, true), json))
    return EXIT_CODES.done
  }
  return await run(request, {
    earlySignals,
    onFailedMethod: (failure) => {
      if (debug) process.stderr.write(failedMethodLine(failure))
    },
    onWarning: (warning) => process.stderr.write(warningLine(warning)),
    onLeftover: (message) => process.stderr.write(leftoverLine(message)),
  })
}

function runRequest({ values, rest: command }: Invocation<'run'>): RunRequest {
  const { image, at, with: method, json, dryRun } = values
  if (command === undefined || command.length === 0) throw wrongUsage('no command is given', COMMAND_REMEDY)
  if (command[0] === '') throw emptyValue('the command')
  if (json && !dryRun)
    throw wrongUsage('--json goes with --dry-run', 'Otherwise standard output is that of the command.')
  return { image, at, method, command }
}

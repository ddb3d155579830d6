/** `venv-packer run` on a terminal, which is its command's: it says next to nothing itself. */

import type { Invocation } from '../../cli/commands.js'
import { commandRemedy } from '../../cli/parse.js'
import { type ExitCode, emptyValue, exitCodes, wrongUsage } from '../../failure.js'
import type { EarlySignals } from '../../mount/signal-relay.js'
import { print } from '../../terminal/printing.js'
import { planRun, type RunRequest } from './plan.js'
import { leftoverLine, obstacleLine, reportRunPlan, warningLine } from './report.js'
import { run } from './run.js'

export async function runRun(invocation: Invocation<'run'>, earlySignals: EarlySignals): Promise<ExitCode> {
  const request = runRequest(invocation)
  const { dryRun, json, debug } = invocation.values
  if (dryRun) {
    await print(reportRunPlan(await planRun(request, true), json))
    return exitCodes.done
  }
  return await run(request, {
    earlySignals,
    onObstacle: (obstacle) => {
      if (debug) process.stderr.write(obstacleLine(obstacle))
    },
    onWarning: (warning) => process.stderr.write(warningLine(warning)),
    onLeftover: (message) => process.stderr.write(leftoverLine(message)),
  })
}

function runRequest({ values, rest: command }: Invocation<'run'>): RunRequest {
  const { image, at, with: method, json, dryRun } = values
  if (command === undefined || command.length === 0) throw wrongUsage('no command is given', commandRemedy)
  if (command[0] === '') throw emptyValue('the command')
  if (json && !dryRun)
    throw wrongUsage('--json goes with --dry-run', 'Otherwise standard output is that of the command.')
  return { image, at, method, command }
}

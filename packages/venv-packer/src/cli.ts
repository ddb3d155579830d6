/** The command line: arguments in, a report or JSON out, and the exit code. What is heavy is loaded when it is needed. */
import type { Command } from 'commander'
import type { ImageInvocation } from './command-line/image-invocation.js'
import { instantAnswer } from './command-line/instant-answer.js'
import { plainImageInvocation } from './command-line/plain-image-command.js'
import type { ReportStyle } from './command-line/report-style.js'
import type { RunStyle } from './command-line/run-arguments.js'
import type { CheckRequest } from './commands/check.js'
import type { CreateRequest } from './commands/create.js'
import type { DiffRequest } from './commands/diff.js'
import type { PackRequest } from './commands/pack.js'
import type { RollbackRequest } from './commands/rollback.js'
import type { RunRequest } from './commands/run-plan.js'
import type { Shell } from './completion/completion.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import type { EarlySignals } from './processes/signal-relay.js'
import type { ProgressBar } from './report/progress-bar.js'
import { print } from './terminal/printing.js'

/**
 * Runs one command line to its end. Never rejects: what goes wrong is reported, and is in the exit code.
 * @param earlySignals those for which the launcher has listened.
 */
export async function main(argv: readonly string[], earlySignals: EarlySignals): Promise<ExitCode> {
  try {
    const answer = instantAnswer(argv)
    if (answer === undefined) return await runCommand(argv, earlySignals)
    await print(answer)
    return exitCodes.done
  } catch (error) {
    const { reportFailure } = await import('./report/failure-report.js')
    return await reportFailure(error, argv)
  }
}

async function runCommand(argv: readonly string[], earlySignals: EarlySignals): Promise<ExitCode> {
  const plain = plainImageInvocation(argv)
  if (plain !== undefined) return await runImageCommand(plain)
  const { readCommandLine } = await import('./command-line/program.js')
  const invocation = readCommandLine(argv)
  switch (invocation.command) {
    case 'print':
      await print(invocation.text)
      return exitCodes.done
    case 'pack':
      return await runPack(invocation.request, invocation.style)
    case 'create':
      return await runCreate(invocation.request, invocation.style)
    case 'check':
      return await runCheck(invocation.request, invocation.style)
    case 'rollback':
      return await runRollback(invocation.request, invocation.style)
    case 'diff':
      return await runDiff(invocation.request, invocation.style)
    case 'completion':
      return await runCompletion(invocation.shell, invocation.program)
    case 'run':
      return await runRun(invocation.request, invocation.style, earlySignals)
    default:
      return await runImageCommand(invocation)
  }
}

async function runImageCommand(invocation: ImageInvocation): Promise<ExitCode> {
  const { runOnImage } = await import('./commands/on-image.js')
  return await runOnImage(invocation)
}

async function runCheck(request: CheckRequest, style: ReportStyle): Promise<ExitCode> {
  const { check } = await import('./commands/check.js')
  const report = await check(request)
  const { reportCheck } = await import('./report/check-report.js')
  await print(reportCheck(report, style))
  return report.passed ? exitCodes.done : exitCodes.failed
}

async function runPack(request: PackRequest, style: ReportStyle): Promise<ExitCode> {
  const { listenForInterruption } = await import('./terminal/interruption.js')
  const interruption = listenForInterruption()
  const bar = await progressBar(style)
  try {
    const { pack } = await import('./commands/pack.js')
    const report = await pack(request, { signal: interruption.signal, onProgress: bar.update })
    bar.stop()
    const { reportPack } = await import('./report/pack-report.js')
    await print(await reportPack(report, style))
    return exitCodes.done
  } finally {
    bar.stop()
    interruption.stopListening()
  }
}

async function runCreate(request: CreateRequest, style: ReportStyle): Promise<ExitCode> {
  const { listenForInterruption } = await import('./terminal/interruption.js')
  const interruption = listenForInterruption()
  let bar = noProgressBar
  try {
    const { create } = await import('./commands/create.js')
    const report = await create(request, {
      signal: interruption.signal,
      show: process.stderr.isTTY && !style.json && !style.quiet,
      onPacking: async () => {
        bar = await progressBar(style)
      },
      onProgress: (progress) => bar.update(progress),
    })
    bar.stop()
    const { reportPack } = await import('./report/pack-report.js')
    await print(await reportPack(report, style))
    return exitCodes.done
  } finally {
    bar.stop()
    interruption.stopListening()
  }
}

async function runRollback(request: RollbackRequest, style: ReportStyle): Promise<ExitCode> {
  const { rollback } = await import('./commands/rollback.js')
  const report = await rollback(request)
  const { reportRollback } = await import('./report/rollback-report.js')
  await print(reportRollback(report, style))
  return exitCodes.done
}

async function runDiff(request: DiffRequest, style: ReportStyle): Promise<ExitCode> {
  const { diff } = await import('./commands/diff.js')
  const report = await diff(request)
  const { reportDiff } = await import('./report/diff-report.js')
  await print(reportDiff(report, style))
  return exitCodes.done
}

async function runCompletion(shell: Shell, program: Command): Promise<ExitCode> {
  const { completionScript } = await import('./completion/completion.js')
  await print(completionScript(shell, program))
  return exitCodes.done
}

async function runRun(request: RunRequest, style: RunStyle, earlySignals: EarlySignals): Promise<ExitCode> {
  if (style.dryRun) {
    const [{ planRun }, { reportRunPlan }] = await Promise.all([
      import('./commands/run-plan.js'),
      import('./report/run-report.js'),
    ])
    await print(reportRunPlan(await planRun(request, true), style.json))
    return exitCodes.done
  }
  const { run } = await import('./commands/run.js')
  const { leftoverLine, obstacleLine, warningLine } = await import('./report/run-report.js')
  return await run(request, {
    earlySignals,
    onObstacle: (obstacle) => {
      if (style.debug) process.stderr.write(obstacleLine(obstacle))
    },
    onWarning: (warning) => process.stderr.write(warningLine(warning)),
    onLeftover: (message) => process.stderr.write(leftoverLine(message)),
  })
}

const noProgressBar: ProgressBar = { update: () => {}, stop: () => {} }

async function progressBar(style: ReportStyle): Promise<ProgressBar> {
  if (!style.progress || !process.stderr.isTTY || process.env.TERM === 'dumb') return noProgressBar
  const { startProgressBar } = await import('./report/progress-bar.js')
  return await startProgressBar(process.stderr)
}

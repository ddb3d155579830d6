/** The command line: arguments in, a report or JSON out, and the exit code. What is heavy is loaded when it is needed. */
import { instantAnswer } from './command-line/instant-answer.js'
import type { ReportStyle } from './command-line/report-style.js'
import type { CheckRequest } from './commands/check.js'
import type { PackRequest } from './commands/pack.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import type { ProgressBar } from './report/progress-bar.js'
import { print } from './terminal/printing.js'

/** Runs one command line to its end. Never rejects: what goes wrong is reported, and is in the exit code. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  try {
    const answer = instantAnswer(argv)
    if (answer === undefined) return await runCommand(argv)
    await print(answer)
    return exitCodes.done
  } catch (error) {
    const { reportFailure } = await import('./report/failure-report.js')
    return await reportFailure(error, argv)
  }
}

async function runCommand(argv: readonly string[]): Promise<ExitCode> {
  const { readCommandLine } = await import('./command-line/program.js')
  const invocation = readCommandLine(argv)
  switch (invocation.command) {
    case 'print':
      await print(invocation.text)
      return exitCodes.done
    case 'pack':
      await runPack(invocation.request, invocation.style)
      return exitCodes.done
    case 'check':
      return await runCheck(invocation.request, invocation.style)
  }
}

async function runCheck(request: CheckRequest, style: ReportStyle): Promise<ExitCode> {
  const { check } = await import('./commands/check.js')
  const report = await check(request)
  const { reportCheck } = await import('./report/check-report.js')
  await print(reportCheck(report, style))
  return report.passed ? exitCodes.done : exitCodes.failed
}

async function runPack(request: PackRequest, style: ReportStyle): Promise<void> {
  const { listenForInterruption } = await import('./terminal/interruption.js')
  const interruption = listenForInterruption()
  const bar = await progressBar(style)
  try {
    const { pack } = await import('./commands/pack.js')
    const report = await pack(request, { signal: interruption.signal, onProgress: bar.update })
    bar.stop()
    const { reportPack } = await import('./report/pack-report.js')
    await print(reportPack(report, style))
  } finally {
    bar.stop()
    interruption.stopListening()
  }
}

const noProgressBar: ProgressBar = { update: () => {}, stop: () => {} }

async function progressBar(style: ReportStyle): Promise<ProgressBar> {
  if (!style.progress || !process.stderr.isTTY || process.env.TERM === 'dumb') return noProgressBar
  const { startProgressBar } = await import('./report/progress-bar.js')
  return await startProgressBar(process.stderr)
}

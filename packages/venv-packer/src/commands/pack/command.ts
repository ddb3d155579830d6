/** `venv-packer pack` on a terminal: its progress, and its report. */
import type { Invocation } from '../../cli/commands.js'
import { type ExitCode, exitCodes } from '../../failure.js'
import { listenForInterruption } from '../../terminal/interruption.js'
import { print } from '../../terminal/printing.js'
import { type ReportStyle, reportStyle } from '../../terminal/report-style.js'
import { type PackContext, pack } from './pack.js'
import { type ProgressBar, startProgressBar } from './progress.js'
import { reportPack } from './report.js'
import { type PackReport, packRequest } from './request.js'

export async function runPack({ values }: Invocation<'pack'>): Promise<ExitCode> {
  const request = packRequest(values)
  return await packOnTerminal(reportStyle(values), async (context, showProgress) => {
    showProgress()
    return await pack(request, context)
  })
}

/**
 * Has something packed, and prints the report. Signals stop the work.
 * @param work is given what it packs with; `showProgress` starts the progress bar, where there is to be one.
 */
export async function packOnTerminal(
  style: ReportStyle,
  work: (context: PackContext, showProgress: () => void) => Promise<PackReport>,
): Promise<ExitCode> {
  const interruption = listenForInterruption()
  let bar: ProgressBar | undefined
  const showProgress = (): void => {
    if (style.progress && process.stderr.isTTY && process.env.TERM !== 'dumb')
      bar = startProgressBar(process.stderr)
  }
  try {
    const report = await work(
      { signal: interruption.signal, onProgress: (progress) => bar?.update(progress) },
      showProgress,
    )
    bar?.stop()
    await print(await reportPack(report, style))
    return exitCodes.done
  } finally {
    bar?.stop()
    interruption.stopListening()
  }
}

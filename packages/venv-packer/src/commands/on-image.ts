/** Runs the commands that look into an image, and reports what they found. */
import type { ImageInvocation } from '../command-line/image-invocation.js'
import { type ExitCode, exitCodes } from '../exit-codes.js'
import { print, printMore } from '../terminal/printing.js'

export async function runOnImage(invocation: ImageInvocation): Promise<ExitCode> {
  const { style } = invocation
  switch (invocation.command) {
    case 'list': {
      const { list } = await import('./list.js')
      const { listPrinter } = await import('../report/list-report.js')
      const printer = listPrinter(invocation.request, style, printMore)
      await list(invocation.request, printer.take)
      await printer.end()
      return exitCodes.done
    }
    case 'cat': {
      const { cat } = await import('./cat.js')
      await cat(invocation.request, printMore)
      return exitCodes.done
    }
    case 'extract': {
      const { extract } = await import('./extract.js')
      const { reportExtract } = await import('../report/extract-report.js')
      await print(reportExtract(await extract(invocation.request), style))
      return exitCodes.done
    }
    case 'verify': {
      const { verify } = await import('./verify.js')
      const { reportVerify } = await import('../report/verify-report.js')
      const report = await verify(invocation.request)
      await print(reportVerify(report, style))
      return report.verification.problems.length === 0 ? exitCodes.done : exitCodes.failed
    }
    case 'info': {
      const { info } = await import('./info.js')
      const { reportInfo } = await import('../report/info-report.js')
      await print(reportInfo(await info(invocation.request), style))
      return exitCodes.done
    }
  }
}

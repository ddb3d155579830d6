/**
 * Quick: what is done in less time than the rest of the command takes to load. It is one file with its part of the library,
 * and no ES module, which Node takes longer to load.
 */
import { instantAnswer } from './cli/instant-answer.js'
import { plainImageCommand } from './cli/plain-image-command.js'
import { EXIT_CODES, type ExitCode } from './failure.js'
import { print } from './terminal/printing.js'

/** Runs a command line to its end as `main` does; null for one that `main` is for. */
export function runQuickly(argv: readonly string[]): Promise<ExitCode> | null {
  const answer = instantAnswer(argv)
  if (answer !== undefined) return reported(argv, () => print(answer).then(() => EXIT_CODES.done))
  const plain = plainImageCommand(argv)
  if (plain?.command !== 'list') return null
  return reported(argv, async () => (await import('./commands/list/list.js')).runList(plain))
}

async function reported(argv: readonly string[], run: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await run()
  } catch (error) {
    const { reportFailure } = await import('./cli/failure-report.js')
    return await reportFailure(error, argv)
  }
}

/**
 * The entry point for `list`, `--version` and `--help`, which take less time than loading the other commands. It is bundled with the
 * parts of the library that it needs into one CommonJS file, because Node loads ES modules more slowly.
 */
import { instantAnswer } from './cli/instant-answer.js'
import { plainImageCommand } from './cli/plain-image-command.js'
import { EXIT_CODES, type ExitCode } from './failure.js'
import { print } from './terminal/printing.js'

/** Runs a command line like `main`. Returns null for a command line that needs `main`. */
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

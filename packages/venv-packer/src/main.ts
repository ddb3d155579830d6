/** The entry point of the command. Loads each command only when it is run, since loading takes time. */
import type { Invocation } from './cli/commands.js'
import { instantAnswer } from './cli/instant-answer.js'
import { plainImageCommand } from './cli/plain-image-command.js'
import { EXIT_CODES, type ExitCode } from './failure.js'
import type { EarlySignals } from './mount/signal-relay.js'
import { print } from './terminal/printing.js'

/**
 * Runs a command line and resolves with the exit code. Never rejects: it reports errors itself.
 * @param earlySignals the signals that the launcher received.
 */
export async function main(argv: readonly string[], earlySignals: EarlySignals): Promise<ExitCode> {
  try {
    const answer = instantAnswer(argv)
    if (answer !== undefined) return await printed(answer)
    const plain = plainImageCommand(argv)
    if (plain !== undefined) return await runCommand(plain, earlySignals)
    const { parseCommandLine } = await import('./cli/parse.js')
    const invocation = parseCommandLine(argv)
    return invocation.command === 'print'
      ? await printed(invocation.text)
      : await runCommand(invocation, earlySignals)
  } catch (error) {
    const { reportFailure } = await import('./cli/failure-report.js')
    return await reportFailure(error, argv)
  }
}

/** In milliseconds. A command that ends earlier need not load the module, which takes 2 ms. */
const DEBUGGER_CHECK_MS = 250

/** Not for `run`, which closes the debugger itself and passes the signal on. */
function closeDebuggerLater(): void {
  setTimeout(async () => {
    const { closeUninvitedDebugger } = await import('./uninvited-debugger.js')
    closeUninvitedDebugger()
  }, DEBUGGER_CHECK_MS).unref()
}

async function printed(text: string): Promise<ExitCode> {
  await print(text)
  return EXIT_CODES.done
}

async function runCommand(invocation: Invocation, earlySignals: EarlySignals): Promise<ExitCode> {
  if (invocation.command !== 'run') closeDebuggerLater()
  switch (invocation.command) {
    case 'pack':
      return await (await import('./commands/pack/pack.js')).runPack(invocation)
    case 'create':
      return await (await import('./commands/create/create.js')).runCreate(invocation)
    case 'check':
      return await (await import('./commands/check.js')).runCheck(invocation)
    case 'run':
      return await (await import('./commands/run/run.js')).runRun(invocation, earlySignals)
    case 'rollback':
      return await (await import('./commands/rollback.js')).runRollback(invocation)
    case 'diff':
      return await (await import('./commands/diff.js')).runDiff(invocation)
    case 'info':
      return await (await import('./commands/info.js')).runInfo(invocation)
    case 'list':
      return await (await import('./commands/list/list.js')).runList(invocation)
    case 'cat':
      return await (await import('./commands/cat.js')).runCat(invocation)
    case 'extract':
      return await (await import('./commands/extract.js')).runExtract(invocation)
    case 'verify':
      return await (await import('./commands/verify.js')).runVerify(invocation)
    case 'completion':
      return await (await import('./commands/completion/completion.js')).runCompletion(invocation)
  }
}

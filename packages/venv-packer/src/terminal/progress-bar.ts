/** The progress bar on a terminal: one line that is drawn again and again, and is gone when it stops. */
import { clearLine, cursorTo } from 'node:readline'
import type { WriteStream } from 'node:tty'
import type { Options } from 'cli-progress'
import { startPace } from '../commands/pack/pace.js'
import type { PackProgress } from '../commands/pack/pack.js'
import { progressLine } from '../commands/pack/progress-line.js'

export interface ProgressBar {
  readonly update: (progress: PackProgress) => void
  /** Wipes the bar away; may be called more than once. */
  readonly stop: () => void
}

export async function startProgressBar(stream: WriteStream): Promise<ProgressBar> {
  const { default: cliProgress } = await import('cli-progress')
  const pace = startPace()
  let progress: PackProgress = {
    phase: 'scan',
    files: 0,
    totalFiles: 0,
    bytesIn: 0,
    totalBytes: 0,
    bytesOut: 0,
  }
  let rate: number | undefined
  const options: Options & { readonly terminal: object } = {
    stream,
    fps: 10,
    clearOnComplete: true,
    gracefulExit: false,
    // Trims to the width and sends nothing to the terminal. (Left out, it would switch the terminal's own wrapping off.)
    linewrap: true,
    format: () => progressLine(progress, rate, stream.columns || 80),
    terminal: plainTerminal(stream),
  }
  const bar = new cliProgress.SingleBar(options)
  bar.start(1, 0)
  const stop = (): void => bar.stop()
  // On every way out: process.exit() and uncaught errors, too.
  process.once('exit', stop)
  return {
    update: (now) => {
      progress = now
      if (now.phase === 'data') rate = pace(performance.now() / 1000, now.bytesIn) ?? rate
      bar.update(0)
    },
    stop: () => {
      process.off('exit', stop)
      stop()
    },
  }
}

/**
 * The terminal as cli-progress drives it, with only what one line needs. Nothing is hidden, saved or switched off,
 * so that there is nothing to restore, not even after kill -9.
 */
function plainTerminal(stream: WriteStream): object {
  const nothing = (): void => {}
  return {
    isTTY: () => true,
    getWidth: () => stream.columns || 80,
    write: (text: string) => stream.write(text),
    newline: () => stream.write('\n'),
    cursorTo: (column: number) => cursorTo(stream, column),
    clearLine: () => clearLine(stream, 0),
    clearRight: () => clearLine(stream, 1),
    cursor: nothing,
    cursorSave: nothing,
    cursorRestore: nothing,
    lineWrapping: nothing,
  }
}

/** A line on a terminal that is drawn again and again in its place, and leaves no trace. */
import { clearLine, cursorTo } from 'node:readline'
import type { WriteStream } from 'node:tty'

export interface LiveLine {
  /** Wipes the line away; may be called more than once. */
  readonly stop: () => void
}

/** Milliseconds from one drawing to the next. */
const INTERVAL_MS = 100

/**
 * Draws the line ten times a second, if it has changed. The cursor is not hidden and no mode of the terminal is switched, so
 * that there is nothing to restore, not even after kill -9.
 * @param textFor gives the line for a number of columns, without control characters, and shorter than that.
 */
export function startLiveLine(stream: WriteStream, textFor: (columns: number) => string): LiveLine {
  let shown = ''
  const draw = (): void => {
    const text = textFor(stream.columns || 80)
    if (text === shown) return
    cursorTo(stream, 0)
    stream.write(text)
    clearLine(stream, 1)
    shown = text
  }
  const timer = setInterval(draw, INTERVAL_MS)
  const stop = (): void => {
    process.off('exit', stop)
    clearInterval(timer)
    if (shown === '') return
    cursorTo(stream, 0)
    clearLine(stream, 0)
    shown = ''
  }
  // On every way out: process.exit() and uncaught errors, too.
  process.once('exit', stop)
  draw()
  return { stop }
}

/** How far a packing is, on a terminal: one line with a bar, figures, and the time that is left. */

import { clearLine, cursorTo } from 'node:readline'
import type { WriteStream } from 'node:tty'
import type { Progress } from 'squashfs-writer'
import type { CompileProgress } from '../../bytecode/compiler.js'
import { bytes, count, counted, wholeSeconds } from '../../terminal/figures.js'

/** How far the packing is; the modules are compiled after the directory was read. */
export type PackProgress = Progress | CompileProgress

const MAX_BAR = 40
const MIN_BAR = 10

/** `rate` is in bytes a second. The line is shorter than `width`, so that the terminal never wraps it. */
export function progressLine(progress: PackProgress, rate: number | undefined, width: number): string {
  return fitted(figures(progress, rate), barShare(progress), width - 1)
}

function figures(progress: PackProgress, rate: number | undefined): readonly string[] {
  const { files, totalFiles, bytesIn, totalBytes } = progress
  switch (progress.phase) {
    case 'scan':
      return [`reading the directory: ${counted(files, 'entry', 'entries')}`]
    case 'compile':
      return [`${count(files)}/${counted(totalFiles, 'module')} compiled`]
    case 'data':
      return [
        `${count(files)}/${counted(totalFiles, 'file')}`,
        `${bytes(bytesIn)} of ${bytes(totalBytes)}`,
        ...(rate === undefined ? [] : [`${bytes(rate)}/s`]),
        ...(rate === undefined || rate <= 0 ? [] : [`${wholeSeconds((totalBytes - bytesIn) / rate)} left`]),
      ]
    case 'tables':
      return [counted(totalFiles, 'file'), bytes(totalBytes), 'writing the tables']
    case 'seal':
      return [counted(totalFiles, 'file'), bytes(totalBytes), 'flushing to disk']
  }
}

/** How much is done, 0 to 1; undefined before that is known. */
function barShare({ phase, files, totalFiles, bytesIn, totalBytes }: PackProgress): number | undefined {
  if (phase === 'scan') return undefined
  if (phase !== 'data' && phase !== 'compile') return 1
  const share = totalBytes > 0 ? bytesIn / totalBytes : totalFiles > 0 ? files / totalFiles : 1
  return Math.min(1, Math.max(0, share))
}

/** The bar takes the columns that the figures leave; where these are too few it is left out, then figures from the end. */
function fitted(parts: readonly string[], share: number | undefined, width: number): string {
  const text = parts.join('  ')
  if (share === undefined) return text.slice(0, Math.max(0, width))
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`
  const room = Math.min(MAX_BAR, width - text.length - percent.length - 6)
  if (room >= MIN_BAR) return `[${bar(share, room)}] ${percent}  ${text}`
  const whole = `${percent}  ${text}`
  if (whole.length <= width || parts.length === 1) return whole.slice(0, Math.max(0, width))
  return fitted(parts.slice(0, -1), share, width)
}

function bar(share: number, width: number): string {
  const full = Math.floor(share * width)
  return '='.repeat(full) + (full < width ? '>' : '') + ' '.repeat(Math.max(0, width - full - 1))
}

/** Bytes a second, undefined while there is nothing to judge by. */
export type Pace = (time: number, bytes: number) => number | undefined

const WINDOW_SECONDS = 5
const MIN_SECONDS = 1

/** `time` is in seconds and only ever grows; so does `bytes`. */
export function startPace(): Pace {
  const samples: { readonly time: number; readonly bytes: number }[] = []
  return (time, bytes) => {
    samples.push({ time, bytes })
    while (samples.length > 2 && time - samples[1]!.time > WINDOW_SECONDS) samples.shift()
    const first = samples[0]!
    const seconds = time - first.time
    return seconds < MIN_SECONDS ? undefined : (bytes - first.bytes) / seconds
  }
}

export interface ProgressBar {
  readonly update: (progress: PackProgress) => void
  /** Wipes the bar away; may be called more than once. */
  readonly stop: () => void
}

/** Shows one line on a terminal, which is drawn again as the work goes on, and is gone when it stops. */
export function startProgressBar(stream: WriteStream): ProgressBar {
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
  const line = startLiveLine(stream, (width) => progressLine(progress, rate, width))
  return {
    update: (now) => {
      progress = now
      if (now.phase === 'data') rate = pace(performance.now() / 1000, now.bytesIn) ?? rate
    },
    stop: line.stop,
  }
}

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

/** Shows the progress of a packing on a terminal: one line with a bar, figures, and the remaining time. */

import { clearLine, cursorTo } from 'node:readline'
import type { WriteStream } from 'node:tty'
import type { Progress } from 'squashfs-writer'
import type { CompileProgress } from '../../bytecode/compiler.js'
import { bytes, count, counted, wholeSeconds } from '../../terminal/figures.js'

/** The progress of the library or of the compiler. */
export type PackProgress = Progress | CompileProgress

const MAX_BAR = 40
const MIN_BAR = 10

/**
 * The progress line. It is shorter than `width`, so that the terminal does not wrap it.
 * @param rate bytes a second.
 */
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

/** The share that is done, 0 to 1; undefined if it is not known yet. */
function barShare({ phase, files, totalFiles, bytesIn, totalBytes }: PackProgress): number | undefined {
  if (phase === 'scan') return undefined
  if (phase !== 'data' && phase !== 'compile') return 1
  const share = totalBytes > 0 ? bytesIn / totalBytes : totalFiles > 0 ? files / totalFiles : 1
  return Math.min(1, Math.max(0, share))
}

/** Fits the line into a width: the bar gets the remaining columns. If these are too few, it is left out, and then the last figures. */
function fitted(parts: readonly string[], share: number | undefined, width: number): string {
  const text = parts.join('  ')
  if (share === undefined) return text.slice(0, Math.max(0, width))
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`
  const barWidth = Math.min(MAX_BAR, width - text.length - percent.length - 6)
  if (barWidth >= MIN_BAR) return `[${bar(share, barWidth)}] ${percent}  ${text}`
  const whole = `${percent}  ${text}`
  if (whole.length <= width || parts.length === 1) return whole.slice(0, Math.max(0, width))
  return fitted(parts.slice(0, -1), share, width)
}

function bar(share: number, width: number): string {
  const full = Math.floor(share * width)
  return '='.repeat(full) + (full < width ? '>' : '') + ' '.repeat(Math.max(0, width - full - 1))
}

/** Bytes a second; undefined until there are enough samples. */
export type RateMeter = (time: number, bytes: number) => number | undefined

const WINDOW_SECONDS = 5
const MIN_SECONDS = 1

/** Measures the rate of the last seconds. `time`, in seconds, and `bytes` must not decrease. */
export function startRateMeter(): RateMeter {
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
  /** Erases the bar. May be called several times. */
  readonly stop: () => void
}

/** Shows a progress line on a terminal, and updates it. */
export function startProgressBar(stream: WriteStream): ProgressBar {
  const measure = startRateMeter()
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
      if (now.phase === 'data') rate = measure(performance.now() / 1000, now.bytesIn) ?? rate
    },
    stop: line.stop,
  }
}

export interface LiveLine {
  /** Erases the line. May be called several times. */
  readonly stop: () => void
}

/** Milliseconds between updates. */
const INTERVAL_MS = 100

/**
 * Draws a line ten times a second if it has changed. It does not hide the cursor or change modes of the terminal, so that nothing has to
 * be restored, even after kill -9.
 * @param textFor returns the line for a number of columns: shorter than that, and without control characters.
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
  // Also for process.exit() and uncaught errors.
  process.once('exit', stop)
  draw()
  return { stop }
}

/** The one line of the progress bar, for a given width: pure text, without control characters. */

import { bytes, count, counted, wholeSeconds } from '../../terminal/figures.js'
import type { PackProgress } from './pack.js'

const widestBar = 40
const narrowestBar = 10

/** `rate` is in bytes a second. The line is shorter than `width`, so that the terminal never wraps it. */
export function progressLine(progress: PackProgress, rate: number | undefined, width: number): string {
  return fitted(figures(progress, rate), barShare(progress), width - 1)
}

function figures(progress: PackProgress, rate: number | undefined): readonly string[] {
  const { files, totalFiles, bytesIn, totalBytes } = progress
  switch (progress.phase) {
    case 'scan':
      return [`reading the folder: ${counted(files, 'entry', 'entries')}`]
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

/** The bar takes what room the figures leave; where that is too little it goes, then figures from the end. */
function fitted(parts: readonly string[], share: number | undefined, width: number): string {
  const text = parts.join('  ')
  if (share === undefined) return text.slice(0, Math.max(0, width))
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`
  const room = Math.min(widestBar, width - text.length - percent.length - 6)
  if (room >= narrowestBar) return `[${bar(share, room)}] ${percent}  ${text}`
  const whole = `${percent}  ${text}`
  if (whole.length <= width || parts.length === 1) return whole.slice(0, Math.max(0, width))
  return fitted(parts.slice(0, -1), share, width)
}

function bar(share: number, width: number): string {
  const full = Math.floor(share * width)
  return '='.repeat(full) + (full < width ? '>' : '') + ' '.repeat(Math.max(0, width - full - 1))
}

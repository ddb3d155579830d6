/** The report on a packed image in the style that was asked for: JSON, words, or nothing. */
import { existsSync, readdirSync } from 'node:fs'
import { toByteString } from 'squashfs-writer/paths'
import type { ReportStyle } from '../command-line/report-style.js'
import type { PackReport } from '../commands/pack.js'
import { packJson } from './json-report.js'
import { type MountAdvice, mountAdvice } from './mount-advice.js'
import { summary } from './summary.js'

export function reportPack(report: PackReport, style: ReportStyle): string {
  if (style.quiet && !style.json) return ''
  const mount = adviceFor(report)
  return style.json ? packJson(report, mount) : summary(report, mount, existsSync(mount.point))
}

function adviceFor({ environment, destination, relocation }: PackReport): MountAdvice {
  const { madeFor, relocatable, isSamePlace } = relocation
  const wasMoved = !relocatable && !isSamePlace(madeFor, toByteString(environment.path))
  return mountAdvice({
    image: destination.path,
    environment: wasMoved ? Buffer.from(madeFor, 'latin1').toString('utf8') : environment.path,
    anywhere: environment.config?.relocatable ?? true,
    isFree,
  })
}

function isFree(path: string): boolean {
  if (!existsSync(path)) return true
  try {
    return readdirSync(path).length === 0
  } catch {
    return false
  }
}

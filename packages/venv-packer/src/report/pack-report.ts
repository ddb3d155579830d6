/** The report on a packed image in the style that was asked for: JSON, words, or nothing. */
import { existsSync, readdirSync } from 'node:fs'
import { toByteString } from 'squashfs-writer/paths'
import type { ReportStyle } from '../command-line/report-style.js'
import type { PackReport } from '../commands/pack.js'
import { squashfsMountForm } from '../mounting/machine.js'
import { packJson } from './json-report.js'
import { type MountAdvice, mountAdvice } from './mount-advice.js'
import { summary } from './summary.js'

export async function reportPack(report: PackReport, style: ReportStyle): Promise<string> {
  if (style.quiet && !style.json) return ''
  const mount = await adviceFor(report)
  return style.json ? packJson(report, mount) : summary(report, mount, existsSync(mount.point))
}

async function adviceFor({
  request,
  environment,
  destination,
  relocation,
}: PackReport): Promise<MountAdvice> {
  const { madeFor, relocatable, isSamePlace } = relocation
  const wasMoved = !relocatable && !isSamePlace(madeFor, toByteString(environment.path))
  return mountAdvice({
    image: destination.path,
    environment: wasMoved ? Buffer.from(madeFor, 'latin1').toString('utf8') : environment.path,
    venv: environment.config !== undefined,
    anywhere: environment.config?.relocatable ?? true,
    mountPoint: request.mountPoint,
    isFree,
    squashfsMountForm: await squashfsMountForm(process.env),
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

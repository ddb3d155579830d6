/** The report on a packed image in the style that was asked for: JSON, words, or nothing. */
import { existsSync, readdirSync } from 'node:fs'
import { toByteString } from 'squashfs-writer/paths'
import type { Relocation } from '../../check/relocation.js'
import { type Environment, worksAnywhere } from '../../environment/environment.js'
import { squashfsMountForm } from '../../mount/machine.js'
import type { ReportStyle } from '../../terminal/report-style.js'
import { packJson } from './json.js'
import { type MountAdvice, mountAdvice } from './mount-advice.js'
import type { PackReport } from './pack.js'
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
  return mountAdvice({
    image: destination.path,
    environment: relocation === undefined ? environment.path : workingPlace(environment, relocation),
    venv: environment.config !== undefined,
    anywhere: worksAnywhere(environment),
    mountPoint: request.mountPoint,
    isFree,
    squashfsMountForm: await squashfsMountForm(process.env),
  })
}

/** The path at which an environment works, which is another than its own if it was moved. */
function workingPlace({ path }: Environment, { madeFor, relocatable, isSamePlace }: Relocation): string {
  if (relocatable || isSamePlace(madeFor, toByteString(path))) return path
  return Buffer.from(madeFor, 'latin1').toString('utf8')
}

function isFree(path: string): boolean {
  if (!existsSync(path)) return true
  try {
    return readdirSync(path).length === 0
  } catch {
    return false
  }
}

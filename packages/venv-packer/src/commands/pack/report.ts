/** Makes the report about a packed image: JSON, a summary, or nothing. */
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import type { Relocation } from '../../check/relocation.js'
import { findingJson, packageJson } from '../../check/report.js'
import { type Environment, onlyPath, worksAnywhere } from '../../environment/environment.js'
import { textOf } from '../../environment/paths.js'
import { squashfsMountForm } from '../../mount/machine.js'
import { packageVersion } from '../../package.js'
import { line, type ReportStyle, rounded } from '../../terminal/printing.js'
import { type MountAdvice, mountAdvice } from './mount-advice.js'
import type { PackReport } from './request.js'
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
    environment: workingPath(environment, relocation),
    venv: environment.config !== undefined,
    anywhere: worksAnywhere(environment),
    mountPoint: request.mountPoint,
    isFree,
    squashfsMountForm: await squashfsMountForm(process.env),
  })
}

/** The path at which an environment works. It differs from its own path if it was moved. */
function workingPath(environment: Environment, relocation: Relocation | undefined): string {
  const { path, realPath } = environment
  const only = relocation === undefined ? onlyPath(environment) : placeOf(relocation)
  return only === undefined || realPathOf(only) === realPath ? path : only
}

function placeOf({ relocatable, madeFor }: Relocation): string | undefined {
  return relocatable ? undefined : textOf(madeFor)
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path // it may not exist on this machine
  }
}

function isFree(path: string): boolean {
  if (!existsSync(path)) return true
  try {
    return readdirSync(path).length === 0
  } catch {
    return false
  }
}

export function packJson(report: PackReport, mount: MountAdvice): string {
  const { request, environment, destination, result, found, bytecode, createdWith, seconds } = report
  const { config } = environment
  return line({
    ok: true,
    command: createdWith === undefined ? 'pack' : 'create',
    version: packageVersion(),
    createdWith: createdWith ?? null,
    source: {
      path: createdWith === undefined ? environment.path : null,
      venv: config !== undefined,
      relocatable: config?.relocatable ?? null,
      python: config?.version ?? null,
    },
    image: {
      path: destination.path,
      replaced: destination.replaces,
      keptAs: report.previous?.kept ?? null,
      removed: report.previous?.removed ?? [],
      remaining: report.previous?.remaining ?? [],
      compression: request.compression.name,
      level: request.compression.level ?? null,
      encoder: result.compression.encoder,
      encoderVersion: result.compression.version,
      blockSize: request.blockSize,
    },
    inodes: found.inodes,
    files: found.files,
    directories: found.directories,
    symlinks: found.symlinks,
    devices: found.devices,
    ipc: found.ipc,
    hardLinks: found.hardLinks,
    bytesIn: found.bytesIn,
    bytesOut: result.bytesOut,
    ratio: rounded(result.bytesIn / result.bytesOut),
    bytecode: bytecode ?? null,
    fragments: result.fragments,
    duplicates: result.duplicates,
    base: result.base,
    droppedXattrs: result.droppedXattrs,
    warnings: result.warnings,
    omitted: result.omitted,
    findings: report.findings.map(findingJson),
    packages: report.packages.map(packageJson),
    seconds: rounded(seconds),
    mount,
  })
}

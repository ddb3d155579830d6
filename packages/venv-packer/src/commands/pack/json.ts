/** What `--json` prints: one object, described in the README of this package. Fields are added, never renamed. */

import { findingJson, packageJson } from '../../check/report.js'
import { packageVersion } from '../../package.js'
import { line, rounded } from '../../terminal/json.js'
import type { MountAdvice } from './mount-advice.js'
import type { PackReport } from './pack.js'

export function packJson(report: PackReport, mount: MountAdvice): string {
  const { request, environment, destination, result, bytecode, createdWith, seconds } = report
  const { found } = result
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
    droppedXattrs: result.droppedXattrs,
    warnings: result.warnings,
    omitted: result.omitted,
    findings: report.findings.map(findingJson),
    packages: report.packages.map(packageJson),
    seconds: rounded(seconds),
    mount,
  })
}

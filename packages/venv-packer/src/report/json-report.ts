/** What `--json` prints: one object, described in the README of this package. Fields are added, never renamed. */
import type { PackReport } from '../commands/pack.js'
import type { Failure } from '../errors/failure.js'
import { packageVersion } from '../version.js'
import type { MountAdvice } from './mount-advice.js'

export function packJson(report: PackReport, mount: MountAdvice): string {
  const { request, environment, destination, result, bytecode, seconds } = report
  const { found } = result
  const { config } = environment
  return line({
    ok: true,
    command: 'pack',
    version: packageVersion(),
    source: {
      path: environment.path,
      venv: config !== undefined,
      relocatable: config?.relocatable ?? null,
      python: config?.version ?? null,
    },
    image: {
      path: destination.path,
      replaced: destination.replaces,
      compression: request.compression.name,
      level: request.compression.level ?? null,
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
    seconds: rounded(seconds),
    mount,
  })
}

export function failureJson(failure: Failure): string {
  return line({
    ok: false,
    version: packageVersion(),
    error: {
      code: failure.code,
      message: failure.message,
      remedy: failure.remedy,
      path: failure.path ?? null,
      systemCode: failure.systemCode ?? null,
      paths: failure.paths.map(({ path, code, message }) => ({ path, code, message })),
    },
    exitCode: failure.exitCode,
  })
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}

/** What `--json` prints: one object, described in the README of this package. Fields are added, never renamed. */
import { resolve } from 'node:path'
import { toDisplay } from 'squashfs-writer/paths'
import type { CheckReport } from '../commands/check.js'
import type { DiffReport, DiffSide } from '../commands/diff.js'
import type { PackReport } from '../commands/pack.js'
import type { RollbackReport } from '../commands/rollback.js'
import type { Failure } from '../errors/failure.js'
import type { ImageFile } from '../image/image-file.js'
import type { Finding } from '../venv/finding.js'
import { type PackageShare, packageShares } from '../venv/package-shares.js'
import { packageVersion } from '../version.js'
import type { CommandLine } from './changed-command-line.js'
import { line, rounded } from './json-line.js'
import type { MountAdvice } from './mount-advice.js'
import { remedyLine } from './remedy-line.js'

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

export function rollbackJson({ image, present, kept, change }: RollbackReport): string {
  return line({
    ok: true,
    command: 'rollback',
    version: packageVersion(),
    image: { path: image.path, ...(present === undefined ? { bytes: null, written: null } : facts(present)) },
    restored: change === undefined ? null : change.restored.number,
    replaced: change?.replaced ?? null,
    kept: kept.map((one) => ({ number: one.number, path: one.path, ...facts(one) })),
  })
}

export function diffJson({ old, new: now, changes }: DiffReport): string {
  const side = ({ path, config }: DiffSide): object => ({ path, python: config?.version ?? null })
  return line({
    ok: true,
    command: 'diff',
    version: packageVersion(),
    old: side(old),
    new: side(now),
    added: changes.added,
    removed: changes.removed,
    changed: changes.changed,
    unchanged: changes.unchanged,
  })
}

function facts({ bytes, written }: ImageFile): object {
  return { bytes, written: written.toISOString() }
}

export function checkJson(report: CheckReport): string {
  const { request, environment, imageSize, examination, passed, seconds } = report
  const { inventory, relocation, packages, findings } = examination
  const { config } = environment
  const { interpreter, census } = inventory
  return line({
    ok: true,
    command: 'check',
    version: packageVersion(),
    passed,
    source: {
      path: resolve(environment.typed),
      image: imageSize === null ? null : { bytes: imageSize },
      venv: config !== undefined,
      relocatable: config?.relocatable ?? null,
      python: config?.version ?? null,
    },
    interpreter: interpreter
      ? {
          path: toDisplay(interpreter.path),
          links: interpreter.links.map(toDisplay),
          exists: interpreter.exists,
        }
      : null,
    mount: {
      point: request.mountPoint ?? (relocation.relocatable ? null : toDisplay(relocation.madeFor)),
      anywhere: relocation.relocatable,
    },
    inodes: census.inodes,
    files: census.files,
    directories: census.folders,
    symlinks: census.symlinks,
    others: census.others,
    bytes: census.bytes,
    findings: findings.map(findingJson),
    packages: packageShares(packages).map(packageJson),
    seconds: rounded(seconds),
  })
}

function findingJson({ code, severity, message, effect, remedy, places, weight }: Finding): object {
  const size = weight && { inodes: weight.inodes, bytes: weight.bytes, share: rounded(weight.share) }
  return { code, severity, message, effect, remedy, count: places.length, places, size }
}

export function packageJson({ name, version, files, bytes, bytesInImage }: PackageShare): object {
  return { name, version, files, bytes, bytesInImage }
}

/** @param argv the command line that failed */
export function failureJson(failure: Failure, argv: CommandLine): string {
  return line({
    ok: false,
    version: packageVersion(),
    error: {
      code: failure.code,
      message: failure.message,
      remedy: failure.remedy,
      paste: remedyLine(failure, argv),
      path: failure.path ?? null,
      systemCode: failure.systemCode ?? null,
      paths: failure.paths.map(({ path, code, message }) => ({ path, code, message })),
      output: failure.output ?? null,
    },
    exitCode: failure.exitCode,
  })
}

/** Defines findings: facts about an environment that its user should know before packing it. */

import type { PackOptions } from 'squashfs-writer'
import { type ByteString, toDisplay } from 'squashfs-writer/paths'
import type { Entry } from './entry.js'
import { type Inventory, newInodes } from './inventory.js'
import type { Outside } from './outside.js'
import type { Packages } from './packages.js'
import type { Relocation } from './relocation.js'

/** error: the image would be useless. warning: something fails or is slow. note: good to know. */
export const SEVERITIES = ['error', 'warning', 'note'] as const
export type Severity = (typeof SEVERITIES)[number]

export interface Finding {
  /** Programs may rely on the code. The texts may change. */
  readonly code: string
  readonly severity: Severity
  /** The fact that was found. */
  readonly message: string
  /** The consequence when the image is used. */
  readonly effect: string
  /** An instruction for the user. */
  readonly remedy: string
  /** The paths that the finding is about, sorted; at least one. */
  readonly places: readonly Place[]
  /** The space that these paths take; null if it does not matter. */
  readonly spaceUsed: SpaceUsed | null
}

/** A path of a finding, as text for reports. */
export interface Place {
  /** Relative to the environment; `.` for the environment itself. */
  readonly path: string
  /** A detail about this path, such as the target of a symlink. */
  readonly detail: string | null
}

export interface SpaceUsed {
  readonly inodes: number
  readonly bytes: number
  /** The share of all bytes of the environment, 0 to 1. */
  readonly share: number
}

/** The use of an environment, as far as it is known. */
export interface IntendedUse {
  /** The mount point of the image, absolute; undefined if the user did not say. */
  readonly mountPoint: ByteString | undefined
  /** The owner of the files in the image. */
  readonly owner: NonNullable<PackOptions['owner']>
  /** The latest mtime in the image, in seconds (SOURCE_DATE_EPOCH); null for no limit. */
  readonly latestTime: number | null
  /** Whether `pack` compiles the modules. Then the bytecode in the environment does not matter. */
  readonly compiles: boolean
  /** Known home directories. */
  readonly homes: readonly ByteString[]
  readonly outside: Outside
}

/** The input of the rules. */
export interface CheckContext {
  readonly inventory: Inventory
  readonly relocation: Relocation
  readonly packages: Packages
  readonly use: IntendedUse
}

/** A rule makes findings about one subject. It is a pure function, and accesses the disk only through `use.outside`. */
export type Rule = (context: CheckContext) => readonly Finding[]

/** A path of a finding as bytes, see {@link Place}. */
export interface Location {
  readonly path: ByteString
  readonly detail?: ByteString
}

export function ofSeverity(findings: readonly Finding[], severity: Severity): readonly Finding[] {
  return findings.filter((finding) => finding.severity === severity)
}

type FindingText = Pick<Finding, 'code' | 'severity' | 'message' | 'effect' | 'remedy'>

/** One finding about all locations; none if there are no locations. */
export function findingAt(
  locations: readonly Location[],
  text: FindingText,
  spaceUsed: SpaceUsed | null = null,
): readonly Finding[] {
  if (locations.length === 0) return []
  const sorted = [...locations].sort((a, b) => (a.path < b.path ? -1 : 1))
  const places = sorted.map(({ path, detail }) => ({
    path: path === '' ? '.' : toDisplay(path),
    detail: detail === undefined ? null : toDisplay(detail),
  }))
  return [{ ...text, places, spaceUsed }]
}

/** The space that entries take, each inode once. */
export function spaceUsedBy(entries: readonly Entry[], inventory: Inventory): SpaceUsed {
  const inodes = entries.filter(newInodes())
  const bytes = inodes.reduce((sum, { size }) => sum + size, 0)
  return {
    inodes: inodes.length,
    bytes,
    share: inventory.census.bytes === 0 ? 0 : bytes / inventory.census.bytes,
  }
}

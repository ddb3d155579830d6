/** A finding: something about an environment that its user should know before it is packed. */

import type { PackOptions } from 'squashfs-writer'
import { type ByteString, toDisplay } from 'squashfs-writer/paths'
import type { Entry } from './entry.js'
import { type Inventory, newInodes } from './inventory.js'
import type { Outside } from './outside.js'
import type { Packages } from './packages.js'
import type { Relocation } from './relocation.js'

/** error: the image would be of no use. warning: something goes wrong, or slowly. note: good to know. */
export const SEVERITIES = ['error', 'warning', 'note'] as const
export type Severity = (typeof SEVERITIES)[number]

export interface Finding {
  /** Stable, for programs; the text may change. */
  readonly code: string
  readonly severity: Severity
  /** The fact that was found. */
  readonly message: string
  /** The consequence where the image is used. */
  readonly effect: string
  /** An instruction for the user. */
  readonly remedy: string
  /** Where it is so, in the order of paths; at least one. */
  readonly places: readonly Place[]
  /** The size of all that lies there; null where it does not matter. */
  readonly spaceUsed: SpaceUsed | null
}

/** One of the places of a finding, fit to be shown. */
export interface Place {
  /** From the environment on; `.` is its own directory. */
  readonly path: string
  /** The target, text or fault that was found there. */
  readonly detail: string | null
}

export interface SpaceUsed {
  readonly inodes: number
  readonly bytes: number
  /** Of all bytes of the environment: 0 to 1. */
  readonly share: number
}

/** Under which use an environment will be used, as far as it is known. */
export interface IntendedUse {
  /** Where the image will be mounted, absolute; undefined where that is not said. */
  readonly mountPoint: ByteString | undefined
  /** The owner of the files in the image. */
  readonly owner: NonNullable<PackOptions['owner']>
  /** The latest mtime in the image, in seconds (SOURCE_DATE_EPOCH); null for as they are. */
  readonly latestTime: number | null
  /** Whether the image gets bytecode of its own, so that what lies in the environment does not matter. */
  readonly compiles: boolean
  /** Home directories that are known. */
  readonly homes: readonly ByteString[]
  readonly outside: Outside
}

/** All that findings are made from. */
export interface CheckContext {
  readonly inventory: Inventory
  readonly relocation: Relocation
  readonly packages: Packages
  readonly use: IntendedUse
}

/** Findings about one thing. Pure: it touches no disk but through `use.outside`. */
export type Rule = (context: CheckContext) => readonly Finding[]

/** A path of the environment, with a detail about it. */
export interface Location {
  readonly path: ByteString
  readonly detail?: ByteString
}

export function ofSeverity(findings: readonly Finding[], severity: Severity): readonly Finding[] {
  return findings.filter((finding) => finding.severity === severity)
}

type FindingText = Pick<Finding, 'code' | 'severity' | 'message' | 'effect' | 'remedy'>

/** One finding about all these locations, or none where there are none. */
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

/** The size of these entries. */
export function spaceUsedBy(entries: readonly Entry[], inventory: Inventory): SpaceUsed {
  const inodes = entries.filter(newInodes())
  const bytes = inodes.reduce((sum, { size }) => sum + size, 0)
  return {
    inodes: inodes.length,
    bytes,
    share: inventory.census.bytes === 0 ? 0 : bytes / inventory.census.bytes,
  }
}

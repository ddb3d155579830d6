/** Assesses an environment: takes its inventory, and applies every rule to it. */

import { homedir, userInfo } from 'node:os'
import type { PackOptions } from 'squashfs-writer'
import { type ByteString, toByteString } from 'squashfs-writer/paths'
import type { Environment } from '../environment/environment.js'
import type { Entry, ExaminedContents } from './entry.js'
import { type CheckContext, type Finding, ofSeverity, type Rule, SEVERITIES } from './finding.js'
import { type Inventory, takeInventory } from './inventory.js'
import { outsideOnDisk } from './outside.js'
import { type Packages, packagesOf } from './packages.js'
import { type Relocation, relocationOf } from './relocation.js'
import { accessFindings } from './rules/access.js'
import { bytecodeFindings } from './rules/bytecode.js'
import { interpreterFindings } from './rules/interpreter.js'
import { kindFindings, leftoverFindings } from './rules/leftovers.js'
import { outsideCodeFindings } from './rules/outside-code.js'
import { packageFindings } from './rules/packages.js'
import { relocationFindings } from './rules/relocation.js'
import { scriptFindings } from './rules/scripts.js'
import { sharedLibraryFindings } from './rules/shared-libraries.js'
import { symlinkFindings } from './rules/symlinks.js'

/** The packing and use of the environment, as far as they are known. */
export interface Plan {
  /** Glob patterns of the paths that are left out. */
  readonly exclude: readonly string[]
  /** The mount point of the image, absolute; undefined if the user did not say. */
  readonly mountPoint: string | undefined
  readonly owner: NonNullable<PackOptions['owner']>
  /** Whether `pack` compiles the modules. Then the bytecode in the environment does not matter. */
  readonly compiles: boolean
  /** The latest mtime in the image, in seconds (SOURCE_DATE_EPOCH); null for no limit. */
  readonly latestTime: number | null
}

export interface Assessment {
  readonly inventory: Inventory
  readonly relocation: Relocation
  readonly packages: Packages
  /** The most severe first. */
  readonly findings: readonly Finding[]
}

/** In the order in which their findings are shown, within a severity. */
const rules: readonly Rule[] = [
  interpreterFindings,
  relocationFindings,
  scriptFindings,
  outsideCodeFindings,
  symlinkFindings,
  packageFindings,
  sharedLibraryFindings,
  bytecodeFindings,
  accessFindings,
  kindFindings,
  leftoverFindings,
]

/**
 * Assesses an environment.
 * @param found its entries, without those that the plan excludes.
 * @param contents what the examiner has read of its files.
 * @param lookup looks up the paths of its interpreter; default: on disk.
 */
export function assess(
  environment: Environment,
  plan: Plan,
  found: readonly Entry[],
  contents: ExaminedContents,
  lookup?: Parameters<typeof takeInventory>[4],
): Assessment {
  const inventory = takeInventory(environment, found, contents, plan.exclude, lookup)
  const outside = outsideOnDisk()
  const relocation = relocationOf(inventory, outside)
  const packages = packagesOf(inventory)
  const use = {
    mountPoint: plan.mountPoint === undefined ? undefined : toByteString(plan.mountPoint),
    owner: plan.owner,
    compiles: plan.compiles,
    latestTime: plan.latestTime,
    homes: homeDirectories(),
    outside,
  }
  return {
    inventory,
    relocation,
    packages,
    findings: findingsOf({ inventory, relocation, packages, use }),
  }
}

/** The findings of all rules. */
export function findingsOf(context: CheckContext): readonly Finding[] {
  const found = rules.flatMap((rule) => rule(context))
  return SEVERITIES.flatMap((severity) => ofSeverity(found, severity))
}

/** The user's home directory, by $HOME and by the user database. */
function homeDirectories(): readonly ByteString[] {
  return [homedir(), systemHome()].filter((home) => home.startsWith('/') && home !== '/').map(toByteString)
}

function systemHome(): string {
  try {
    return userInfo().homedir
  } catch {
    return '' // the user has no entry in the database, as in some containers
  }
}

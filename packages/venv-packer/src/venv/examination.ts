/** Examination: takes the inventory of an environment and has every topic look at it. */
import { homedir, userInfo } from 'node:os'
import type { DiskEntry } from 'squashfs-writer'
import { type ByteString, toByteString } from 'squashfs-writer/paths'
import type { Owner } from '../image/owner.js'
import type { Environment } from './environment.js'
import { type Finding, ofSeverity, type Subject, severities, type Topic } from './finding.js'
import { accessFindings } from './findings/access.js'
import { bytecodeFindings } from './findings/bytecode.js'
import { interpreterFindings } from './findings/interpreter.js'
import { kindFindings } from './findings/kinds.js'
import { leftoverFindings } from './findings/leftovers.js'
import { outsideCodeFindings } from './findings/outside-code.js'
import { packageFindings } from './findings/packages.js'
import { relocationFindings } from './findings/relocation.js'
import { scriptFindings } from './findings/scripts.js'
import { sharedLibraryFindings } from './findings/shared-libraries.js'
import { symlinkFindings } from './findings/symlinks.js'
import { type Inventory, type Peeked, takeInventory } from './inventory.js'
import { lookOutside } from './outside.js'
import { type Packages, packagesOf } from './packages.js'
import { type Relocation, relocationOf } from './relocation.js'

/** What is known beforehand of how the environment will be packed and used. */
export interface Plan {
  /** Glob patterns of what is left out. */
  readonly exclude: readonly string[]
  /** Where the image will be mounted, absolute; undefined where that is not said. */
  readonly mountPoint: string | undefined
  readonly owner: Owner
  /** Whether bytecode is made for the image, so that what lies in the environment does not matter. */
  readonly compiles: boolean
}

export interface Examination {
  readonly inventory: Inventory
  readonly relocation: Relocation
  readonly packages: Packages
  /** The most severe first. */
  readonly findings: readonly Finding[]
}

/** In this order their findings are shown, within a severity. */
const topics: readonly Topic[] = [
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
 * @param found what lies in the environment, without what the plan excludes.
 * @param peeked what was read of its files.
 * @param lookAt how the paths of its interpreter are looked at; on disk if absent.
 */
export function examine(
  environment: Environment,
  plan: Plan,
  found: readonly DiskEntry[],
  peeked: Peeked,
  lookAt?: Parameters<typeof takeInventory>[4],
): Examination {
  const inventory = takeInventory(environment, found, peeked, plan.exclude, lookAt)
  const outside = lookOutside()
  const relocation = relocationOf(inventory, outside)
  const packages = packagesOf(inventory)
  const circumstances = {
    mountPoint: plan.mountPoint === undefined ? undefined : toByteString(plan.mountPoint),
    owner: plan.owner,
    compiles: plan.compiles,
    latestTime: sourceDateEpoch(process.env.SOURCE_DATE_EPOCH),
    homes: homeFolders(),
    outside,
  }
  return {
    inventory,
    relocation,
    packages,
    findings: judge({ inventory, relocation, packages, circumstances }),
  }
}

/** Has every topic look at the subject. */
export function judge(subject: Subject): readonly Finding[] {
  const found = topics.flatMap((topic) => topic(subject))
  return severities.flatMap((severity) => ofSeverity(found, severity))
}

/** What is no number of seconds is refused where the image is written. */
function sourceDateEpoch(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** As the shell has it and as the system has it; / is no one's. */
function homeFolders(): readonly ByteString[] {
  return [homedir(), systemHome()].filter((home) => home.startsWith('/') && home !== '/').map(toByteString)
}

function systemHome(): string {
  try {
    return userInfo().homedir
  } catch {
    return '' // a user that the system does not know, as in some containers
  }
}

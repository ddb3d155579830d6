/**
 * A scenario: a question, and the cases that answer it. Values, no code of their own; `compare.ts` runs them and
 * `scenarios/` holds them.
 */

import type { Packer, PackJob, Settings } from './packers/packer.js'
import type { Cost } from './rounds.js'
import type { Tree } from './trees/tree.js'

/** One of those that take turns in a case. */
export interface Contender {
  readonly name: string
  readonly command: (job: PackJob) => readonly string[]
  /** Whether the command writes the job's image. */
  readonly makesImage: boolean
  /** Cores to use, where that is fewer than all that the benchmark has. */
  readonly cores?: number
  /** Its name and version, for the record. */
  readonly version: () => Promise<string>
}

export interface Case {
  /** The difference of this case from the others of its scenario. */
  readonly name: string
  /** Nothing where the contenders need no tree. */
  readonly tree: Tree | undefined
  readonly settings: Settings
  readonly contenders: readonly Contender[]
  /**
   * The name of the contender that the ratios are to; or of several, up to the comma: then each contender is
   * compared with the one that has the same after the comma.
   */
  readonly reference: string
  /** The figures shown of the contenders, where these are not all that they cost. */
  readonly measures?: readonly (keyof Cost)[]
  /** After so many seconds a contender is stopped, and takes no further part. */
  readonly timeoutSeconds?: number
}

export interface Scenario {
  readonly name: string
  readonly title: string
  /** The question of the scenario, in a sentence or two. */
  readonly about: string
  /** Rounds that count, where that is not the default. */
  readonly rounds?: number
  readonly cases: readonly Case[]
}

/** The name of the contender that this one is compared with. */
export function referenceFor({ contenders, reference }: Case, name: string): string {
  const stands = contenders.some((contender) => contender.name === reference)
  return stands ? reference : name.replace(/^[^,]*/, () => reference)
}

export function packing(packer: Packer): Contender {
  return { name: packer.name, command: packer.command, makesImage: true, version: packer.version }
}

export function packingOn(cores: number, packer: Packer): Contender {
  return { ...packing(packer), name: `${packer.name}, ${cores} ${cores === 1 ? 'core' : 'cores'}`, cores }
}

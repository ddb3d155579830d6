/**
 * A scenario: a question about performance, and the cases that are measured to answer it. Scenarios are data: they are
 * defined in `scenarios/`, and `compare.ts` runs them.
 */

import type { Packer, PackJob, Settings } from './packers/packer.js'
import type { Cost } from './rounds.js'
import type { Tree } from './trees/tree.js'

/** One of the commands that are compared in a case. */
export interface Contender {
  readonly name: string
  readonly command: (job: PackJob) => readonly string[]
  /** Whether the command writes the job's image. */
  readonly makesImage: boolean
  /** The number of cores to use, if not all that the benchmark may use. */
  readonly cores?: number
  /** Resolves to its name and version for the record. Throws if the program is missing. */
  readonly version: () => Promise<string>
}

export interface Case {
  /** Says how this case differs from the others of its scenario. */
  readonly name: string
  /** Undefined if the contenders need no tree. */
  readonly tree: Tree | undefined
  readonly settings: Settings
  readonly contenders: readonly Contender[]
  /**
   * The name of the contender that is the reference for the ratios. If no contender has exactly this name, it is the
   * part of names up to a comma: then each contender is compared with the reference that has the same text after the
   * comma.
   */
  readonly reference: string
  /** The measures to show; all if absent. */
  readonly measures?: readonly (keyof Cost)[]
  /** A contender that takes longer is stopped, and is not run again in this case. */
  readonly timeoutSeconds?: number
}

export interface Scenario {
  readonly name: string
  readonly title: string
  /** Describes what the scenario measures, in a few sentences. */
  readonly about: string
  /** The number of measured rounds, if not the default. */
  readonly rounds?: number
  readonly cases: readonly Case[]
}

/** Returns the name of the contender with which this one is compared. */
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

/**
 * The record of one scenario's run: the results, and the conditions of the measurement. It is published, so it has no
 * paths and no host name.
 */

import { formatBlockSize } from '../block-size.js'
import type { Machine } from '../machine.js'
import type { CaseResult } from '../rounds.js'
import type { Scenario } from '../scenario.js'
import { grouped } from './figures.js'

export interface ScenarioRecord {
  readonly scenario: Scenario
  readonly results: readonly CaseResult[]
  readonly rounds: number
  /** The command that creates this record. */
  readonly command: string
  /** YYYY-MM-DD. */
  readonly date: string
  readonly versions: readonly string[]
  readonly machine: Machine
}

/**
 * `the reference venv; 23,260 inodes, 553 MB; zstd 3, 128K blocks`, without the parts that do not apply to the case.
 */
export function caseCircumstances({ case: { tree, settings, contenders }, facts }: CaseResult): string {
  const parts: string[] = []
  if (tree !== undefined) parts.push(tree.description)
  if (facts !== undefined) parts.push(`${grouped(facts.inodes)} inodes, ${grouped(facts.bytes / 1e6)} MB`)
  if (contenders.some(({ makesImage }) => makesImage)) {
    parts.push(`${settings.compression} ${settings.level}, ${formatBlockSize(settings.blockSize)} blocks`)
  }
  return parts.join('; ')
}

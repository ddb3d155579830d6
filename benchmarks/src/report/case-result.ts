/** Functions on the result of a case that tables and charts share. */

import type { CaseResult, Cost } from '../rounds.js'
import { referenceFor } from '../scenario.js'
import { MEASURES, type Measure, WALL } from './figures.js'

/**
 * The measures to show. Of those that the case asks for: wall time always, since it also shows who did not finish in
 * time; the others only if there are figures.
 */
export function measuresOf({ standings, case: { measures } }: CaseResult): readonly Measure[] {
  return MEASURES.filter(
    (measure) =>
      (measures?.includes(measure.of) ?? true) &&
      (measure === WALL || standings.some(({ cost }) => cost?.[measure.of] !== undefined)),
  )
}

/** Whether a contender is venv-packer, or uses an image of it. */
export function isOurs(contender: string): boolean {
  return /^(venv-packer|image|clone|wheel|uvx|npx)\b/.test(contender)
}

export function costOf({ standings }: CaseResult, name: string): Cost | undefined {
  return standings.find((standing) => standing.name === name)?.cost
}

/** The cost of the contender's reference; undefined if it did not finish. */
export function referenceCostOf(result: CaseResult, name: string): Cost | undefined {
  return costOf(result, referenceFor(result.case, name))
}

/** Says how much CPU time other programs used, so that readers can judge how reliable the figures are. */
export function disturbanceNote({ disturbance, case: { tree } }: CaseResult): string {
  const others = tree?.servedBy === undefined ? 'Other programs' : `Other programs and ${tree.servedBy}`
  return `${others} used ${(disturbance * 100).toFixed(0)} % of the CPU time meanwhile.`
}

/** The figures of a case's result that tables and charts share. */

import type { CaseResult, Cost } from '../rounds.js'
import { referenceFor } from '../scenario.js'
import { MEASURES, type Measure, WALL } from './figures.js'

/** Wall time, which can also be that nobody was done in it, and whatever else there are figures of. */
export function measuresOf({ standings, case: { measures } }: CaseResult): readonly Measure[] {
  return MEASURES.filter(
    (measure) =>
      (measures?.includes(measure.of) ?? true) &&
      (measure === WALL || standings.some(({ cost }) => cost?.[measure.of] !== undefined)),
  )
}

export function costOf({ standings }: CaseResult, name: string): Cost | undefined {
  return standings.find((standing) => standing.name === name)?.cost
}

/** The reference for the contender's cost. */
export function referenceCostOf(result: CaseResult, name: string): Cost | undefined {
  return costOf(result, referenceFor(result.case, name))
}

/** The other load of the machine: a reader judges by it how far the figures can be trusted. */
export function disturbanceNote({ disturbance, case: { tree } }: CaseResult): string {
  const others = tree?.servedBy === undefined ? 'Other programs' : `Other programs and ${tree.servedBy}`
  return `${others} used ${(disturbance * 100).toFixed(0)} % of the CPU time meanwhile.`
}

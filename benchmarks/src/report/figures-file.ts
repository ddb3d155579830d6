/** The figures of a recorded scenario as JSON data, to compare two records. */

import { type CaseResult, type Cost, costNames } from '../rounds.js'
import { isOurs, referenceCostOf } from './case-result.js'
import type { ScenarioRecord } from './record.js'

/** The content of a file of figures. */
export interface Figures {
  readonly scenario: string
  readonly date: string
  readonly versions: readonly string[]
  readonly costs: readonly FigureRow[]
}

export interface FigureRow {
  readonly case: string
  readonly contender: string
  readonly cost: keyof Cost
  /** The median, in seconds, bytes or calls. */
  readonly median: number
  /** The ratio to the median of the case's reference; null for a contender without one. */
  readonly ratio: number | null
}

/** Returns the figures of all contenders that finished in time. */
export function figuresOf({ scenario, date, versions, results }: ScenarioRecord): Figures {
  return { scenario: scenario.name, date, versions, costs: results.flatMap(rowsOf) }
}

function rowsOf(result: CaseResult): FigureRow[] {
  return result.standings.flatMap(({ name, cost }) =>
    costNames.flatMap((of) => {
      const median = cost?.[of]?.median
      if (median === undefined) return []
      const reference = referenceCostOf(result, name)?.[of]?.median
      return [
        {
          case: result.case.name,
          contender: name,
          cost: of,
          median,
          ratio: reference ? median / reference : null,
        },
      ]
    }),
  )
}

/** A ratio that increased by a smaller fraction is noise. */
const TOLERANCE = 0.03

/** Returns a line for each ratio of ours that is worse in the later record. */
export function regressions(earlier: Figures, later: Figures): string[] {
  const key = ({ case: name, contender, cost }: FigureRow) => `${name}\0${contender}\0${cost}`
  const before = new Map(earlier.costs.map((row) => [key(row), row]))
  return later.costs.flatMap((row) => {
    const old = before.get(key(row))
    if (!isOurs(row.contender) || !old?.ratio || row.ratio === null) return []
    if (row.ratio <= old.ratio * (1 + TOLERANCE)) return []
    const [from, to] = [old.ratio, row.ratio].map((ratio) => ratio.toFixed(3))
    return [`${row.case}, ${row.contender}, ${row.cost}: ${from} of the reference before, ${to} now`]
  })
}

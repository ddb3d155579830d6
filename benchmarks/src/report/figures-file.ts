/** The figures of a recorded scenario as data, so that two records can be compared. */

import { type CaseResult, type Cost, costNames } from '../rounds.js'
import { referenceCostOf } from './case-result.js'
import type { ScenarioRecord } from './record.js'

/** The figures of a record, to be compared with the next one. */
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
  /** To the case's reference; null for a contender without one. */
  readonly ratio: number | null
}

/** The figures of all contenders that were done in time. */
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

/** A ratio that moved by less is noise. */
const TOLERANCE = 0.03

/** A line for each ratio of venv-packer's that is worse in the later record. */
export function regressions(earlier: Figures, later: Figures): string[] {
  const key = ({ case: name, contender, cost }: FigureRow) => `${name}\0${contender}\0${cost}`
  const before = new Map(earlier.costs.map((row) => [key(row), row]))
  return later.costs.flatMap((row) => {
    const old = before.get(key(row))
    if (!row.contender.startsWith('venv-packer') || !old?.ratio || row.ratio === null) return []
    if (row.ratio <= old.ratio * (1 + TOLERANCE)) return []
    const [from, to] = [old.ratio, row.ratio].map((ratio) => ratio.toFixed(3))
    return [`${row.case}, ${row.contender}, ${row.cost}: ${from} of the reference before, ${to} now`]
  })
}

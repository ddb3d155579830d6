/** The result of a case as a Markdown table that is also readable on a terminal. */

import type { CaseResult, Cost, Standing } from '../rounds.js'
import { measuresOf, referenceCostOf } from './case-result.js'
import { formatRatioTo, formatSpread, type Measure } from './figures.js'

const NOTHING = '–'

export function caseTable(result: CaseResult): string {
  const measures = measuresOf(result)
  const head = [
    '',
    ...measures.map(({ title, unit }) => `${title}, ${unit}`),
    ...measures.map(({ title }) => `${title} ÷`),
  ]
  const rows = result.standings.map((standing) =>
    row(standing, measures, referenceCostOf(result, standing.name), result.case.timeoutSeconds),
  )
  return markdownTable([head, ...rows])
}

function row(
  { name, cost }: Standing,
  measures: readonly Measure[],
  reference: Cost | undefined,
  timeoutSeconds: number | undefined,
): readonly string[] {
  if (cost === undefined) {
    const unknown = measures.slice(1).map(() => NOTHING)
    return [name, `not done after ${timeoutSeconds}`, ...unknown, NOTHING, ...unknown]
  }
  return [
    name,
    ...measures.map((measure) => {
      const values = cost[measure.of]
      return values === undefined ? NOTHING : formatSpread(values, measure.format)
    }),
    ...measures.map((measure) => formatRatioTo(measure, cost, reference) ?? NOTHING),
  ]
}

/** The first row is the header. The first column is text and left-aligned, the others are figures and right-aligned. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const padded = rows.map((row) =>
    line(widths.map((width, column) => pad(row[column] ?? '', width, column === 0))),
  )
  const rule = line(
    widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)),
  )
  return [padded[0], rule, ...padded.slice(1)].join('\n')
}

function pad(text: string, width: number, left: boolean): string {
  return left ? text.padEnd(width) : text.padStart(width)
}

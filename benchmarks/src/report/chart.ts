/**
 * Draws a record as an SVG chart. Each measure of each case is a group of horizontal bars that start at zero. The bars
 * of venv-packer are coloured. Each bar has the median and the ratio as text, and a thin line from the minimum to the
 * maximum.
 */

import type { CaseResult, Standing } from '../rounds.js'
import { referenceFor } from '../scenario.js'
import { isOurs, measuresOf, referenceCostOf } from './case-result.js'
import { formatRatioTo, type Measure } from './figures.js'
import { caseCircumstances, type ScenarioRecord } from './record.js'

const WIDTH = 820
const MARGIN = 28
/** Width of a letter in the labels of the bars; an upper estimate. */
const LETTER = 7.2
/** Space to the right of the longest bar for its figures. */
const FIGURES = 190
const BAR = 18
const BAR_STEP = 26

const PAPER = '#fdfdfb'
const INK = '#22272e'
const FAINT = '#6a737d'
const RULE = '#dcdfe3'
const OURS = '#2a7f62'
const THEIRS = '#a9b4c0'

const STYLE = `text { font-family: system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', sans-serif; fill: ${INK}; font-size: 12px }
.title { font-size: 19px; font-weight: 600 }
.case { font-size: 15px; font-weight: 600 }
.measure { font-weight: 600 }
.faint { fill: ${FAINT} }
.name { text-anchor: end }`

/** A part of the drawing: its height, and a function that draws it at a vertical position. */
interface Part {
  readonly height: number
  readonly draw: (top: number) => string
}

export function chart(record: ScenarioRecord): string {
  const { scenario, results } = record
  const parts: readonly Part[] = [
    textLine(scenario.title, 'title', 30),
    ...results.flatMap((result) => casePart(result, results.length > 1)),
    gap(16),
    ...footer(record).map((line) => textLine(line, 'faint', 18)),
  ]
  const { drawing, height } = stack(parts, MARGIN)
  const total = height + MARGIN - 8
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${total}" viewBox="0 0 ${WIDTH} ${total}" role="img" aria-label="${escapeXml(scenario.title)}">
<style>
${STYLE}
</style>
<rect width="${WIDTH}" height="${total}" fill="${PAPER}"/>
${drawing}
</svg>
`
}

function footer({ rounds, versions, machine, date }: ScenarioRecord): readonly string[] {
  return [
    `Medians of ${rounds} rounds. ${date}. ${machine.cores} × ${machine.cpuModel}.`,
    `${versions.join(', ')}.`,
  ]
}

function casePart(result: CaseResult, named: boolean): readonly Part[] {
  const circumstances = caseCircumstances(result)
  return [
    ...(named ? [gap(12), rule(), textLine(result.case.name, 'case', 24)] : []),
    ...(circumstances === '' ? [] : [textLine(circumstances, 'faint', 20)]),
    ...measuresOf(result).flatMap((measure) => [
      gap(10),
      textLine(`${measure.title}, ${measure.unit}`, 'measure', 24),
      bars(result, measure),
    ]),
  ]
}

function bars(result: CaseResult, measure: Measure): Part {
  const { standings } = result
  const labels = LETTER * Math.max(...standings.map(({ name }) => name.length)) + 10
  const left = MARGIN + labels
  const longest = Math.max(0, ...standings.map((standing) => mostOf(standing, measure)))
  const scale = longest === 0 ? 0 : (WIDTH - MARGIN - FIGURES - left) / longest
  return {
    height: standings.length * BAR_STEP,
    draw: (top) =>
      standings
        .map((standing, index) => bar(result, standing, measure, left, top + index * BAR_STEP, scale))
        .join('\n'),
  }
}

function mostOf({ cost }: Standing, measure: Measure): number {
  return (cost === undefined ? undefined : cost[measure.of]?.max) ?? 0
}

function bar(
  result: CaseResult,
  standing: Standing,
  measure: Measure,
  left: number,
  top: number,
  scale: number,
): string {
  const { name, cost } = standing
  const baseline = top + BAR - 5
  const label = text(left - 8, baseline, name, 'name')
  const values = cost === undefined ? undefined : cost[measure.of]
  if (cost === undefined || values === undefined) {
    const reason = cost === undefined ? `not done after ${result.case.timeoutSeconds} s` : 'none'
    return `${label}\n${text(left + 4, baseline, reason, 'faint')}`
  }

  const width = values.median * scale
  const middle = top + BAR / 2
  const range = `<path d="M${point(left + values.min * scale)} ${middle}H${point(left + values.max * scale)}" stroke="${INK}" stroke-width="1.5"/>`
  const compared =
    name === referenceFor(result.case, name)
      ? undefined
      : formatRatioTo(measure, cost, referenceCostOf(result, name))
  const figures = `${measure.format(values.median)}${compared === undefined ? '' : `  (${compared} ×)`}`
  return [
    label,
    `<rect x="${point(left)}" y="${top}" width="${point(Math.max(width, 1))}" height="${BAR}" rx="2" fill="${isOurs(name) ? OURS : THEIRS}"/>`,
    ...(values.min === values.max ? [] : [range]),
    text(left + values.max * scale + 8, baseline, figures, ''),
  ].join('\n')
}

function textLine(content: string, style: string, height: number): Part {
  return { height, draw: (top) => text(MARGIN, top + height - 9, content, style) }
}

function gap(height: number): Part {
  return { height, draw: () => '' }
}

function rule(): Part {
  return { height: 8, draw: (top) => `<path d="M${MARGIN} ${top}H${WIDTH - MARGIN}" stroke="${RULE}"/>` }
}

function stack(parts: readonly Part[], top: number): { readonly drawing: string; readonly height: number } {
  let height = top
  const drawn: string[] = []
  for (const part of parts) {
    drawn.push(part.draw(height))
    height += part.height
  }
  return { drawing: drawn.filter((drawing) => drawing !== '').join('\n'), height }
}

function text(x: number, y: number, content: string, style: string): string {
  const styled = style === '' ? '' : ` class="${style}"`
  return `<text x="${point(x)}" y="${point(y)}"${styled}>${escapeXml(content)}</text>`
}

/** Rounds to a tenth of a pixel. */
function point(value: number): string {
  return String(Math.round(value * 10) / 10)
}

function escapeXml(content: string): string {
  return content.replace(/[<>&"]/g, (letter) => `&#${letter.charCodeAt(0)};`)
}

/**
 * Writes `RESULTS.md`. It has one section for each scenario, between markers, so that recording a scenario does not
 * change the other sections.
 */

import type { CaseResult } from '../rounds.js'
import { disturbanceNote, referenceCostOf } from './case-result.js'
import { caseCircumstances, type ScenarioRecord } from './record.js'
import { caseTable } from './table.js'

const PREAMBLE = `# Results

Whole processes, medians (and least–most) of interleaved rounds after one that is not counted, with a warm
page cache. The columns marked ÷ are ratios of medians: below 1 is less than the reference. How the figures
are made: [README.md](README.md). Every section is written by the command it names.
`

/**
 * Returns the text with the section of this record. It replaces an earlier section of the scenario, or is appended.
 * @throws Error if the end marker of the earlier section is missing.
 */
export function withSection(text: string, record: ScenarioRecord): string {
  const { name } = record.scenario
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`]
  const section = `${begin}\n${resultsSection(record)}\n${end}\n`
  const file = text === '' ? PREAMBLE : text
  const from = file.indexOf(begin)
  if (from === -1) return `${file.trimEnd()}\n\n${section}`
  const to = file.indexOf(end, from)
  if (to === -1) throw new Error(`RESULTS.md has "${begin}" but no "${end}" after it. Put it back.`)
  return file.slice(0, from) + section + file.slice(to + end.length).replace(/^\n/, '')
}

function resultsSection(record: ScenarioRecord): string {
  const { scenario, results, machine } = record
  return [
    `## ${scenario.title}`,
    scenario.about,
    `\`\`\`sh\n${record.command}\n\`\`\``,
    `${record.date}. ${record.versions.join(', ')}. ${machine.cores} × ${machine.cpuModel}. ${record.rounds} rounds.`,
    ...results.flatMap((result) => [
      ...(results.length > 1 ? [`### ${result.case.name}`] : []),
      caseNote(result),
      caseTable(result),
    ]),
    `![${scenario.title}](charts/${scenario.name}.svg)`,
  ].join('\n\n')
}

function caseNote(result: CaseResult): string {
  const circumstances = caseCircumstances(result)
  const { reference } = result.case
  const compared = result.standings.some(({ name }) => referenceCostOf(result, name) !== undefined)
  return [
    ...(circumstances === ''
      ? []
      : [`${result.case.tree?.uncounted ? 'Installed' : 'Packed'}: ${circumstances}.`]),
    ...(compared ? [`Ratios to ${reference}.`] : []),
    disturbanceNote(result),
  ].join(' ')
}

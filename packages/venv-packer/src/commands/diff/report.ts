/** What differs between two environments, in the style that was asked for. */
import type { ReportStyle } from '../../cli/report-style.js'
import { counted } from '../../terminal/figures.js'
import { printable } from '../../terminal/printable.js'
import { diffJson } from '../pack/json.js'
import type { DiffReport, DiffSide } from './diff.js'

export function reportDiff(report: DiffReport, style: ReportStyle): string {
  return style.json ? diffJson(report) : `${lines(report).join('\n')}\n`
}

function lines({ old, new: now, changes }: DiffReport): readonly string[] {
  const { added, removed, changed, unchanged } = changes
  return [
    `from ${printable(old.typed)} to ${printable(now.typed)}`,
    '',
    ...rows('python', [...python(old, now)]),
    ...rows(
      'added',
      added.map(({ name, version }) => `${name} ${version}`),
    ),
    ...rows(
      'removed',
      removed.map(({ name, version }) => `${name} ${version}`),
    ),
    ...rows(
      'changed',
      changed.map(({ name, old, new: version }) => `${name} ${old} -> ${version}`),
    ),
    ...rows('unchanged', [counted(unchanged, 'package')]),
  ]
}

function python(old: DiffSide, now: DiffSide): readonly string[] {
  const [before, after] = [old.config?.version, now.config?.version]
  return before === after ? [] : [`${before ?? 'unknown'} -> ${after ?? 'unknown'}`]
}

function rows(name: string, items: readonly string[]): readonly string[] {
  return items.map((item, n) => `  ${(n === 0 ? name : '').padEnd(11)}${printable(item)}`)
}

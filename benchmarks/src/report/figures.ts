/** Figures as they are written in tables and charts: units, digits, names of what is measured. */

import type { Cost } from '../rounds.js'
import { ratio, type Spread } from '../statistics.js'

export interface Measure {
  readonly title: string
  /** As it stands at the head of a column. */
  readonly unit: string
  readonly of: keyof Cost
  readonly format: (value: number) => string
  readonly formatRatio: (ratio: number) => string
}

/** Two digits; of a small part, the first one that is not 0. */
const twoDigits = (value: number): string => (value < 0.01 ? value.toPrecision(1) : value.toFixed(2))

export const WALL: Measure = {
  title: 'Wall time',
  unit: 's',
  of: 'wall',
  format: seconds,
  formatRatio: twoDigits,
}

export const CPU: Measure = {
  title: 'CPU time',
  unit: 's',
  of: 'cpu',
  format: seconds,
  formatRatio: twoDigits,
}

export const MEMORY: Measure = {
  title: 'Peak memory',
  unit: 'MB',
  of: 'memory',
  format: (bytes) => grouped(bytes / 1e6),
  formatRatio: twoDigits,
}

export const IMAGE: Measure = {
  title: 'Image size',
  unit: 'bytes',
  of: 'image',
  format: grouped,
  // Images differ by parts of a percent, and that is what matters of them.
  formatRatio: (value) => value.toFixed(4),
}

export const METADATA: Measure = {
  title: 'Metadata',
  unit: 'calls',
  of: 'metadataCalls',
  format: grouped,
  formatRatio: twoDigits,
}

export const READS: Measure = {
  title: 'Reads',
  unit: 'calls',
  of: 'reads',
  format: grouped,
  formatRatio: twoDigits,
}

export const MEASURES = [WALL, CPU, MEMORY, IMAGE, METADATA, READS] as const

/** Three digits that mean something, but no more than milliseconds. */
export function seconds(value: number): string {
  if (value >= 100) return value.toFixed(0)
  if (value >= 10) return value.toFixed(1)
  return value.toFixed(value >= 1 ? 2 : 3)
}

export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** `2.41 (2.38–2.60)`; just the value where it never varied. */
export function formatSpread({ median, min, max }: Spread, format: (value: number) => string): string {
  const [least, most] = [format(min), format(max)]
  return least === most ? format(median) : `${format(median)} (${least}–${most})`
}

export function formatRatioTo(measure: Measure, cost: Cost, reference: Cost | undefined): string | undefined {
  const own = cost[measure.of]
  const other = reference === undefined ? undefined : reference[measure.of]
  if (own === undefined || other === undefined) return undefined
  const value = ratio(own.median, other.median)
  return value === undefined ? undefined : measure.formatRatio(value)
}

/** The measures, and how their figures are formatted in tables and charts. */

import type { Cost } from '../rounds.js'
import { ratio, type Spread } from '../statistics.js'

export interface Measure {
  readonly title: string
  /** As in the column header. */
  readonly unit: string
  readonly of: keyof Cost
  readonly format: (value: number) => string
  readonly formatRatio: (ratio: number) => string
}

/** Two decimals; below 0.01, one significant digit. */
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
  // Image sizes differ by fractions of a percent, and these matter.
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

/** Formats with three significant digits, but no finer than milliseconds. */
export function seconds(value: number): string {
  if (value >= 100) return value.toFixed(0)
  if (value >= 10) return value.toFixed(1)
  return value.toFixed(value >= 1 ? 2 : 3)
}

export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** `2.41 (2.38–2.60)`; only the median if minimum and maximum are formatted the same. */
export function formatSpread({ median, min, max }: Spread, format: (value: number) => string): string {
  const [least, most] = [format(min), format(max)]
  return least === most ? format(median) : `${format(median)} (${least}–${most})`
}

/** Formats the ratio to the reference; undefined if one of the two has no figure, or the reference's is 0. */
export function formatRatioTo(measure: Measure, cost: Cost, reference: Cost | undefined): string | undefined {
  const own = cost[measure.of]
  const other = reference === undefined ? undefined : reference[measure.of]
  if (own === undefined || other === undefined) return undefined
  const value = ratio(own.median, other.median)
  return value === undefined ? undefined : measure.formatRatio(value)
}

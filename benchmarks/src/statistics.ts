/** Statistics of many runs of the same case: the middle one, the extremes, and how two of them compare. */

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The middle value; of an even count, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('There is no median of no values')
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** How much of the reference's cost this is: below 1 is better. Nothing where the reference cost nothing. */
export function ratio(value: number, reference: number): number | undefined {
  return reference > 0 ? value / reference : undefined
}

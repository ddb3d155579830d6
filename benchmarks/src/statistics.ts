/** Statistics over the runs of a case: median, minimum, maximum, and ratios. */

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/**
 * The middle value; for an even count, the mean of the two middle values.
 * @throws RangeError if there are no values.
 */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('There is no median of no values')
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** The ratio of a cost to that of the reference: below 1 is better. Undefined if the reference is 0. */
export function ratio(value: number, reference: number): number | undefined {
  return reference > 0 ? value / reference : undefined
}

import { expect, test } from 'vitest'
import { median, ratio, spread } from '../src/statistics.js'

test('the median of an odd count is the middle value, whatever the order', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([10, 9, 100])).toBe(10)
})

test('the median of an even count lies between the two middle values', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5)
})

test('no values have no median', () => {
  expect(() => median([])).toThrow(RangeError)
})

test('the spread has the extremes, and leaves the values as they were', () => {
  const values = [3, 1, 2]
  expect(spread(values)).toEqual({ median: 2, min: 1, max: 3 })
  expect(values).toEqual([3, 1, 2])
})

test('a ratio to nothing is none', () => {
  expect(ratio(1, 2)).toBe(0.5)
  expect(ratio(1, 0)).toBeUndefined()
})

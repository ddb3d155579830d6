import { expect, it } from 'vitest'
import { runSteps, type Steps, waitFor } from './steps.js'

function* sum(values: readonly (number | Promise<number>)[]): Steps<number> {
  let total = 0
  for (const value of values) total += yield* waitFor(value)
  return total
}

it('returns the result if it need not wait', () => {
  expect(runSteps(sum([1, 2, 3]))).toBe(6)
})

it('returns a promise if it has to wait', async () => {
  const answer = runSteps(sum([1, Promise.resolve(2), Promise.resolve(3), 4]))
  expect(answer).toBeInstanceOf(Promise)
  await expect(answer).resolves.toBe(10)
})

it('throws an error before the first wait, and rejects after it', async () => {
  function* failing(first: number | Promise<number>): Steps<number> {
    yield* waitFor(first)
    throw new RangeError('it is damaged')
  }
  expect(() => runSteps(failing(1))).toThrow('it is damaged')
  await expect(runSteps(failing(Promise.resolve(1)))).rejects.toThrow('it is damaged')
  await expect(runSteps(sum([Promise.reject(new RangeError('it cannot be read'))]))).rejects.toThrow(
    'it cannot be read',
  )
})

it('allows steps to clean up if a promise fails', async () => {
  const closed: string[] = []
  function* cleaning(): Steps<void> {
    try {
      yield* waitFor(Promise.reject(new RangeError('it cannot be read')))
    } finally {
      closed.push('file')
    }
  }
  await expect(runSteps(cleaning())).rejects.toThrow('it cannot be read')
  expect(closed).toEqual(['file'])
})

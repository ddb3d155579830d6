import { expect, it } from 'vitest'
import { runSteps, type Steps, waitFor } from './steps.js'

function* sum(values: readonly (number | Promise<number>)[]): Steps<number> {
  let total = 0
  for (const value of values) total += yield* waitFor(value)
  return total
}

it('answers at once where nothing has to be waited for', () => {
  expect(runSteps(sum([1, 2, 3]))).toBe(6)
})

it('answers with a promise where something has to be waited for', async () => {
  const answer = runSteps(sum([1, Promise.resolve(2), Promise.resolve(3), 4]))
  expect(answer).toBeInstanceOf(Promise)
  await expect(answer).resolves.toBe(10)
})

it('throws at once what fails before anything is waited for, and rejects with what fails later', async () => {
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

it('lets work that waits clean up when what it waits for fails', async () => {
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

import { expect, it } from 'vitest'
import { type Steps, settled, take } from './steps.js'

function* sum(values: readonly (number | Promise<number>)[]): Steps<number> {
  let total = 0
  for (const value of values) total += yield* settled(value)
  return total
}

it('answers at once where nothing has to be waited for', () => {
  expect(take(sum([1, 2, 3]))).toBe(6)
})

it('answers with a promise where something has to be waited for', async () => {
  const answer = take(sum([1, Promise.resolve(2), Promise.resolve(3), 4]))
  expect(answer).toBeInstanceOf(Promise)
  await expect(answer).resolves.toBe(10)
})

it('throws at once what fails before anything is waited for, and rejects with what fails later', async () => {
  function* failing(first: number | Promise<number>): Steps<number> {
    yield* settled(first)
    throw new RangeError('it is damaged')
  }
  expect(() => take(failing(1))).toThrow('it is damaged')
  await expect(take(failing(Promise.resolve(1)))).rejects.toThrow('it is damaged')
  await expect(take(sum([Promise.reject(new RangeError('it cannot be read'))]))).rejects.toThrow(
    'it cannot be read',
  )
})

it('lets work that waits clean up when what it waits for fails', async () => {
  const closed: string[] = []
  function* cleaning(): Steps<void> {
    try {
      yield* settled(Promise.reject(new RangeError('it cannot be read')))
    } finally {
      closed.push('file')
    }
  }
  await expect(take(cleaning())).rejects.toThrow('it cannot be read')
  expect(closed).toEqual(['file'])
})

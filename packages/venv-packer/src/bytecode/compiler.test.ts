import { describe, expect, it } from 'vitest'
import { merged } from './compiler.js'

async function* after(...steps: readonly (readonly [number, string])[]): AsyncGenerator<string> {
  for (const [milliseconds, value] of steps) {
    await new Promise((wait) => setTimeout(wait, milliseconds))
    if (value === 'fail') throw new RangeError(value)
    yield value
  }
}

describe('merged sources', () => {
  it('yield the values of every source in order', async () => {
    const sources = [after([5, 'a1'], [1, 'a2']), after(), after([1, 'b1'], [1, 'b2'], [30, 'b3'])]
    const values = await collected(merged(sources))
    expect(values.toSorted()).toEqual(['a1', 'a2', 'b1', 'b2', 'b3'])
    expect(values.filter((value) => value.startsWith('a'))).toEqual(['a1', 'a2'])
    expect(values.at(-1)).toBe('b3')
  })

  it('throw the first error, and ignore the errors of other sources', async () => {
    const sources = [after([1, 'a']), after([2, 'fail']), after([4, 'fail'])]
    await expect(collected(merged(sources))).rejects.toThrow(RangeError)
    await new Promise((wait) => setTimeout(wait, 10))
  })
})

async function collected<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

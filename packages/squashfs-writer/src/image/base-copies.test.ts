import { expect, it } from 'vitest'
import { BaseCopies } from './base-copies.js'

const aTurn = () => new Promise((resolve) => setTimeout(resolve, 2))

it('four copies run at a time; the end waits for them, and no copy starts after it', async () => {
  const copies = new BaseCopies()
  const ends: (() => void)[] = []
  const copy = () => new Promise<void>((end) => ends.push(end))
  const outcomes = Array.from({ length: 7 }, () =>
    copies.run(copy).then(
      () => 'copied',
      ({ code }: { code: string }) => code,
    ),
  )
  await aTurn()
  expect(ends.length).toBe(4)
  ends[1]!()
  await aTurn()
  expect(ends.length).toBe(5)
  let hasEnded = false
  const ended = copies.end().then(() => {
    hasEnded = true
  })
  for (const n of [0, 2, 3]) ends[n]!()
  await aTurn()
  expect(hasEnded).toBe(false)
  ends[4]!()
  await ended
  expect(await Promise.all(outcomes)).toEqual([
    'copied',
    'copied',
    'copied',
    'copied',
    'copied',
    'WORKER',
    'WORKER',
  ])
  expect(ends.length).toBe(5)
})

it('a failed copy does not prevent the next one', async () => {
  const copies = new BaseCopies()
  const failed = copies.run(() => Promise.reject(new Error('no space left')))
  const made = copies.run(() => Promise.resolve())
  await expect(failed).rejects.toThrow('no space left')
  await made
  await copies.end()
})

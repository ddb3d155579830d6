import { expect, it } from 'vitest'
import { BaseCopies } from './base-copies.js'

it('copies run one at a time, and after the end none starts; the end waits for the one under way', async () => {
  const copies = new BaseCopies()
  const ends: (() => void)[] = []
  const copy = () => new Promise<void>((end) => ends.push(end))
  const done: string[] = []
  const first = copies.run(copy).then(() => done.push('first'))
  const second = copies.run(copy)
  const outcome = second.then(
    () => 'copied',
    (error: unknown) => error,
  )
  await new Promise((resolve) => setTimeout(resolve, 2))
  expect(ends.length).toBe(1)
  const ended = copies.end().then(() => done.push('end'))
  await new Promise((resolve) => setTimeout(resolve, 2))
  expect(done).toEqual([])
  ends[0]!()
  await Promise.all([first, ended])
  expect(done).toEqual(['first', 'end'])
  expect(await outcome).toMatchObject({ code: 'WORKER' })
  expect(ends.length).toBe(1)
})

it('a copy that fails does not keep the next one from being made', async () => {
  const copies = new BaseCopies()
  const failed = copies.run(() => Promise.reject(new Error('no room')))
  const made = copies.run(() => Promise.resolve())
  await expect(failed).rejects.toThrow('no room')
  await made
  await copies.end()
})

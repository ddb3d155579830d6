import { describe, expect, it } from 'vitest'
import { WriteQueue } from './write-queue.js'

/** Starts writes that the test completes, and lists what is done. */
function manualWrites() {
  const queue = new WriteQueue()
  const started: { readonly end: () => void; readonly fail: (error: Error) => void }[] = []
  const done: number[] = []
  const start = (n: number) =>
    queue.start(
      () => new Promise<void>((end, fail) => started.push({ end, fail })),
      () => done.push(n),
    )
  return { queue, started, done, start }
}

const aTurn = () => new Promise((resolve) => setTimeout(resolve, 2))

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  )
  return Promise.race([settled, aTurn().then(() => false)])
}

describe('the write queue', () => {
  it('allows four writes before its caller has to wait, and ends the wait when one is done', async () => {
    const { queue, started, start } = manualWrites()
    for (const n of [1, 2, 3]) start(n)
    expect(queue.backpressure()).toBeUndefined()
    start(4)
    const wait = queue.backpressure()!
    expect(await isSettled(wait)).toBe(false)
    started[2]!.end()
    await wait
    expect(queue.backpressure()).toBeUndefined()
  })

  it('waits until fewer than four are running, for any number that was started', async () => {
    const { queue, started, start } = manualWrites()
    for (const n of [1, 2, 3, 4, 5, 6]) start(n)
    const wait = queue.backpressure()!
    started[0]!.end()
    started[1]!.end()
    expect(await isSettled(wait)).toBe(false)
    started[2]!.end()
    await wait
  })

  it('allows any number of copies, and drains when they are done', async () => {
    const { queue, start } = manualWrites()
    const ends: (() => void)[] = []
    for (let n = 0; n < 9; n++) queue.startCopy(() => new Promise<void>((end) => ends.push(end)))
    start(1)
    expect(queue.backpressure()).toBeUndefined()
    const other = new WriteQueue()
    other.startCopy(() => new Promise<void>((end) => ends.push(end)))
    const drained = other.drain()
    expect(await isSettled(drained)).toBe(false)
    ends.at(-1)!()
    await drained
  })

  it('drains when all writes are done', async () => {
    const { queue, started, done, start } = manualWrites()
    start(1)
    start(2)
    const drained = queue.drain()
    started[1]!.end()
    expect(await isSettled(drained)).toBe(false)
    started[0]!.end()
    await drained
    expect(done).toEqual([2, 1])
  })

  it('starts no write after a failure, returns every buffer, and throws the first error', async () => {
    const { queue, started, done, start } = manualWrites()
    for (const n of [1, 2, 3, 4]) start(n)
    const wait = queue.backpressure()!
    started[1]!.fail(new Error('disk full'))
    await expect(wait).rejects.toThrow('disk full')
    start(5)
    expect(started.length).toBe(4)
    for (const { fail } of started) fail(new Error('later'))
    await expect(queue.drain()).rejects.toThrow('disk full')
    expect(done.sort()).toEqual([1, 2, 3, 4, 5])
    expect(() => queue.backpressure()).toThrow('disk full')
  })
})

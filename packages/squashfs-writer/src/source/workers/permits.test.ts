import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { createPermits, permitsOf } from './permits.js'

/** Takes a permit and reports it, then releases it when told, and reports that. */
const TAKER = `
  const { parentPort, workerData } = require('node:worker_threads')
  const left = new Int32Array(workerData.shared)
  void import(workerData.module).then(({ permitsOf }) => {
    const permits = permitsOf(workerData.shared)
    permits.acquire()
    parentPort.postMessage(left[0])
    permits.release()
  })`

const left = (shared: SharedArrayBuffer) => new Int32Array(shared)[0]

describe('permits', () => {
  it('are as many as were created, and can be released and acquired again', () => {
    const shared = createPermits(3)
    const permits = permitsOf(shared)
    permits.acquire()
    permits.acquire()
    expect(left(shared)).toBe(1)
    permits.release()
    expect(left(shared)).toBe(2)
    permits.acquire()
    permits.acquire()
    expect(left(shared)).toBe(0)
  })

  it('are shared by all threads with the counter', () => {
    const shared = createPermits(2)
    const [one, other] = [permitsOf(shared), permitsOf(shared)]
    one.acquire()
    other.acquire()
    expect(left(shared)).toBe(0)
    one.release()
    other.release()
    expect(left(shared)).toBe(2)
  })

  it('that are all acquired make a thread wait for a release', async () => {
    const shared = createPermits(1)
    const permits = permitsOf(shared)
    permits.acquire()
    const source = `data:text/javascript,${encodeURIComponent(`export ${permitsOf}`)}`
    const worker = new Worker(TAKER, { eval: true, workerData: { shared, module: source } })
    const messages: unknown[] = []
    const ended = new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
    worker.on('message', (message) => messages.push(message))
    await new Promise((resolve) => worker.once('online', resolve))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(messages).toEqual([])
    permits.release()
    await ended
    expect(messages).toEqual([0])
    expect(left(shared)).toBe(1)
  })
})

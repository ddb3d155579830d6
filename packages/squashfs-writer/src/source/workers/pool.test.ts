/** Tests the pool with stand-ins for threads: the messages to them, and the results. */
import { EventEmitter } from 'node:events'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Codec, uncompressed } from '../../codec/codec.js'
import { type Pool, type PoolOptions, withPool } from './pool.js'
import {
  BUFFER_SIZE,
  type ExecutorSetup,
  type JobMessage,
  noRanges,
  READY,
  type ResponseMessage,
} from './protocol.js'

/** A worker that does nothing by itself. */
class StandIn extends EventEmitter {
  static readonly all: StandIn[] = []
  readonly sent: JobMessage[] = []
  held = true
  terminated = 0
  constructor(readonly setup: ExecutorSetup) {
    super()
    StandIn.all.push(this)
  }
  postMessage(message: JobMessage): void {
    this.sent.push(message)
  }
  ref(): void {
    this.held = true
  }
  unref(): void {
    this.held = false
  }
  async terminate(): Promise<void> {
    this.terminated++
  }
  /** Sends the message of a worker whose modules are loaded. */
  ready(): void {
    this.emit('message', READY)
  }
  /** Responds to the n-th job that was sent. */
  response(n: number, response: Partial<ResponseMessage> = { response: 'done' }): void {
    this.emit('message', { id: this.sent[n]!.id, calls: 0, slowCalls: 0, ...response })
  }
}

beforeEach(() => {
  StandIn.all.length = 0
})

const OPTIONS: PoolOptions = {
  threads: 3,
  codec: uncompressed(),
  blockSize: 4096,
  uncompressedData: false,
  uncompressedTails: false,
  examiner: null,
  startThread: (setup) => new StandIn(setup),
}
const MIB = 1_048_576
const PAYS_FOR_ONE = { bytes: 16 * MIB }

const aTurn = () => new Promise((resolve) => setTimeout(resolve, 2))
const encode = (pool: Pool, byte = 1) =>
  pool.run('encode', { parts: [Uint8Array.of(byte)], uncompressed: false })
const stat = (pool: Pool) => pool.run('stat', { directories: [], xattrs: 'none' })
const names = (worker: StandIn) => worker.sent.map(({ name }) => name)

/** With this many workers, which are ready. */
function withWorkers(
  count: number,
  use: (pool: Pool, workers: StandIn[]) => Promise<void>,
  options: Partial<PoolOptions> = {},
  signal = new AbortController().signal,
): Promise<void> {
  return withPool({ ...OPTIONS, ...options }, signal, async (pool) => {
    pool.expect({ bytes: count * PAYS_FOR_ONE.bytes })
    expect(StandIn.all.length).toBe(count)
    for (const worker of StandIn.all) worker.ready()
    await use(pool, StandIn.all)
  })
}

describe('jobs', () => {
  it('go to a worker in order, three buffers at a time, and encode jobs come first', async () => {
    await withWorkers(1, async (pool, [worker]) => {
      const read = () => pool.run('read', { ranges: noRanges(), buffer: new SharedArrayBuffer(BUFFER_SIZE) })
      const results = [read(), read(), read(), read(), encode(pool)]
      expect(names(worker!)).toEqual(['read', 'read', 'read'])
      worker!.response(0)
      await results[0]
      expect(names(worker!)).toEqual(['read', 'read', 'read', 'encode', 'read'])
      for (const n of [1, 2, 3, 4]) worker!.response(n)
      expect(await Promise.all(results)).toEqual(results.map(() => 'done'))
    })
  })

  it('that are small are queued at a worker, so that it never idles', async () => {
    await withWorkers(1, async (pool, [worker]) => {
      const results = Array.from({ length: 20 }, () => stat(pool))
      expect(worker!.sent.length).toBe(16)
      for (let n = 0; n < 20; n++) {
        worker!.response(n)
        await results[n]
      }
    })
  })

  it('go to the worker with the fewest jobs', async () => {
    await withWorkers(3, async (pool, workers) => {
      const results = [1, 2, 3, 4, 5].map(() => encode(pool))
      expect(workers.map(({ sent }) => sent.length)).toEqual([2, 2, 1])
      for (const worker of workers) for (const n of worker.sent.keys()) worker.response(n)
      await Promise.all(results)
    })
  })

  it('fail with the error from the worker', async () => {
    await withWorkers(1, async (pool, [worker]) => {
      const result = encode(pool)
      const error = new Error('no space left')
      worker!.response(0, { error })
      await expect(result).rejects.toBe(error)
    })
  })

  it('are done by the calling thread while no worker is ready', async () => {
    await withPool(OPTIONS, new AbortController().signal, async (pool) => {
      expect(await encode(pool, 7)).toEqual({ data: Uint8Array.of(7), sizeWord: 0x0100_0001 })
      expect(StandIn.all).toEqual([])
    })
  })

  it('that list directories are for the calling thread if it does jobs, unless metadata calls are slow', async () => {
    await withWorkers(
      1,
      async (pool, [worker]) => {
        const results = [stat(pool), encode(pool)]
        expect(names(worker!)).toEqual(['encode'])
        worker!.response(0, { response: 'done', calls: 16, slowCalls: 16 })
        expect(await Promise.all(results)).toEqual([[], 'done'])
        const later = stat(pool)
        expect(names(worker!)).toEqual(['encode', 'stat'])
        worker!.response(1)
        expect(await later).toBe('done')
        for (const one of StandIn.all) one.ready()
      },
      { threads: 2 },
    )
  })

  it('keep the process alive, and a worker without one does not', async () => {
    await withWorkers(1, async (pool, [worker]) => {
      expect(worker!.held).toBe(false)
      const result = encode(pool)
      expect(worker!.held).toBe(true)
      worker!.response(0)
      await result
      expect(worker!.held).toBe(false)
    })
  })
})

describe('a codec without a recipe', () => {
  const own: Codec = { name: 'own', id: 1, compress: (bytes) => bytes.subarray(1) }

  it('is used by the calling thread only; workers do other jobs', async () => {
    await withPool({ ...OPTIONS, codec: own, threads: 4 }, new AbortController().signal, async (pool) => {
      pool.expect({ bytes: 1000 * MIB, names: 1_000_000 })
      expect(StandIn.all).toEqual([])
      const results = await Promise.all([1, 2, 3, 4, 5, 6].map((byte) => encode(pool, byte)))
      expect(results.length).toBe(6)
    })
  })
})

describe('workers', () => {
  it.each([
    [1, 0],
    [2, 1],
    [3, 3],
    [8, 8],
  ])('with threads: %i are at most %i, for any amount of work', async (threads, most) => {
    const pool = withPool({ ...OPTIONS, threads }, new AbortController().signal, async (pool) => {
      pool.expect({ bytes: 1000 * MIB })
      expect(StandIn.all.length).toBe(most)
      for (const worker of StandIn.all) worker.ready()
    })
    await pool
    expect(StandIn.all.map(({ terminated }) => terminated)).toEqual(StandIn.all.map(() => 1))
  })

  it('are spawned in proportion to the work', async () => {
    await withPool({ ...OPTIONS, threads: 8 }, new AbortController().signal, async (pool) => {
      for (const [work, count] of [
        [{ bytes: 16 * MIB - 1, names: 0 }, 0],
        [{ bytes: 8 * MIB, names: 500 }, 1],
        [{ bytes: 16 * MIB }, 1],
        [{ names: 3500 }, 3],
      ] as const) {
        pool.expect(work)
        expect(StandIn.all.length).toBe(count)
      }
      for (const worker of StandIn.all) worker.ready()
    })
  })

  it('are many more once most metadata calls were slow, and share the permits for the wanted number of threads', async () => {
    await withWorkers(
      1,
      async (pool, workers) => {
        const first = stat(pool)
        workers[0]!.response(0, { response: [], calls: 16, slowCalls: 8 })
        await first
        expect(pool.areSlow()).toBe(false)
        const counts = [workers.length]
        for (let n = 1; n < 6; n++) {
          const result = stat(pool)
          const asked = workers.find(({ sent }) => sent.length > 0 && sent.at(-1)!.id === n)!
          asked.response(asked.sent.length - 1, { response: [], calls: 16, slowCalls: 9 })
          await result
          counts.push(workers.length)
        }
        expect(pool.areSlow()).toBe(true)
        expect(counts.at(-1)).toBeGreaterThanOrEqual(12)
        expect(counts.at(-1)).toBeLessThanOrEqual(32)
        const permits = new Set(workers.map(({ setup }) => setup.permits))
        expect(permits.size).toBe(1)
        expect(new Int32Array([...permits][0]!)[0]).toBe(3)
        for (const worker of workers) worker.ready()
      },
      { threads: 3 },
    )
  })

  it('that terminate fail their jobs; the others continue', async () => {
    await withWorkers(2, async (pool, workers) => {
      const [one, other] = [encode(pool), encode(pool)]
      workers[0]!.emit('exit', 3)
      await expect(one).rejects.toMatchObject({ code: 'WORKER', message: 'a worker ended with code 3' })
      workers[1]!.response(0)
      expect(await other).toBe('done')
    })
  })

  it('that have all failed fail the waiting jobs', async () => {
    await withWorkers(1, async (pool, [worker]) => {
      const results = Promise.allSettled([1, 2, 3].map(() => encode(pool)))
      const error = new Error('out of memory')
      worker!.emit('error', error)
      worker!.emit('exit', 1)
      expect(await results).toEqual([1, 2, 3].map(() => ({ status: 'rejected', reason: error })))
    })
  })
})

describe('the end', () => {
  it('rejects current, waiting and later jobs', async () => {
    let results: Promise<PromiseSettledResult<unknown>[]> | null = null
    let late: Pool | null = null
    await withWorkers(1, async (pool, [worker]) => {
      late = pool
      results = Promise.allSettled([1, 2, 3].map(() => encode(pool)))
      // A worker that is terminated ends.
      worker!.terminate = async () => void worker!.emit('exit', 1)
    })
    for (const result of await results!)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'WORKER' } })
    await expect(encode(late!)).rejects.toMatchObject({ code: 'WORKER' })
  })

  it('keeps the process alive, even if a worker responds late', async () => {
    await withWorkers(1, async (pool, [worker]) => {
      void encode(pool).catch(() => {})
      worker!.terminate = async () => {
        worker!.response(0)
        expect(worker!.held).toBe(true)
        worker!.emit('exit', 1)
      }
    })
  })

  it('waits for a worker that is loading its modules, then terminates it', async () => {
    let ended = false
    const pool = withPool(OPTIONS, new AbortController().signal, async (pool) => pool.expect(PAYS_FOR_ONE))
    void pool.then(() => {
      ended = true
    })
    await aTurn()
    expect([ended, StandIn.all[0]!.terminated]).toEqual([false, 0])
    StandIn.all[0]!.ready()
    await pool
    expect(StandIn.all[0]!.terminated).toBe(1)
  })

  it('comes with an abort, whose reason is thrown rather than the errors of jobs', async () => {
    const stop = new AbortController()
    const reason = new Error('stopped')
    const work = withWorkers(
      1,
      async (pool, [worker]) => {
        worker!.terminate = async () => void worker!.emit('exit', 1)
        const result = encode(pool)
        stop.abort(reason)
        await result
      },
      {},
      stop.signal,
    )
    await expect(work).rejects.toBe(reason)
    await expect(withPool(OPTIONS, stop.signal, async () => 1)).rejects.toBe(reason)
    expect(StandIn.all.length).toBe(1)
  })
})

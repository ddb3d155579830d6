import { describe, expect, it } from 'vitest'
import { type Codec, uncompressed } from '../../codec/codec.js'
import { Executor } from './executor.js'
import { createPermits } from './permits.js'
import { type ExecutorSetup, type JobMessage, noRanges } from './protocol.js'

function setupFor(changes: Partial<ExecutorSetup> = {}): ExecutorSetup {
  return {
    blockSize: 4096,
    codec: null,
    uncompressedData: false,
    uncompressedTails: false,
    permits: createPermits(2),
    examiner: null,
    ...changes,
  }
}

const encodeJob = (
  parts: Extract<JobMessage, { name: 'encode' }>['request']['parts'],
  uncompressed = false,
): JobMessage => ({ id: 5, name: 'encode', request: { parts, uncompressed } })

const halving: Codec = { name: 'halving', id: 1, compress: (bytes) => bytes.slice(0, bytes.length / 2) }
const left = ({ permits }: ExecutorSetup) => new Int32Array(permits)[0]

describe('an executor', () => {
  it('responds with the id of the job, and a block that may be kept', async () => {
    const output = new Uint8Array(4)
    const reusing: Codec = {
      ...halving,
      compress(bytes) {
        output.set(bytes.subarray(0, 4))
        return output.subarray(0, bytes.length / 2)
      },
    }
    const executor = new Executor(setupFor(), reusing)
    const one = await executor.run(encodeJob([Uint8Array.of(1, 2, 3, 4)]))
    const other = await executor.run(encodeJob([Uint8Array.of(5, 6, 7, 8)]))
    expect(one).toEqual({
      id: 5,
      response: { data: Uint8Array.of(1, 2), sizeWord: 2 },
      calls: 0,
      slowCalls: 0,
    })
    expect(other.response).toEqual({ data: Uint8Array.of(5, 6), sizeWord: 2 })
  })

  it('loads its codec and modules once, in advance on request', async () => {
    const executor = new Executor(
      setupFor({ examiner: 'data:text/javascript,throw new Error("loaded")' }),
      null,
    )
    await executor.prepare()
    const jobs = [await executor.run(encodeJob([])), await executor.run(encodeJob([]))]
    expect(jobs.map(({ error }) => (error as Error).message)).toEqual(['loaded', 'loaded'])
    expect(jobs[0]!.error).toBe(jobs[1]!.error)
  })

  it('joins the parts of a block from any memory', async () => {
    const buffer = new SharedArrayBuffer(10)
    new Uint8Array(buffer).fill(9)
    const executor = new Executor(setupFor(), uncompressed())
    const { response } = await executor.run(
      encodeJob([Uint8Array.of(1), { buffer, start: 8, length: 2 }, Uint8Array.of(3, 4)]),
    )
    expect(response).toEqual({ data: Uint8Array.of(1, 9, 9, 3, 4), sizeWord: 0x0100_0005 })
  })

  it('leaves a block uncompressed on request', async () => {
    const executor = new Executor(setupFor(), halving)
    const { response } = await executor.run(encodeJob([Uint8Array.of(1, 2)], true))
    expect(response).toEqual({ data: Uint8Array.of(1, 2), sizeWord: 0x0100_0002 })
  })

  it('creates its codec from a recipe', async () => {
    const url = `data:text/javascript,${encodeURIComponent(
      `export default (length) => ({ name: 'own', id: 1, compress: (bytes) => bytes.slice(0, length) })`,
    )}`
    const executor = new Executor(setupFor({ codec: { kind: 'module', url, options: 1 } }), null)
    expect((await executor.run(encodeJob([Uint8Array.of(7, 8, 9)]))).response).toEqual({
      data: Uint8Array.of(7),
      sizeWord: 1,
    })
  })

  it.each<readonly [string, Codec['compress']]>([
    [
      'throws',
      () => {
        throw new Error('no space left')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no space left'))],
  ])('whose codec %s says so, and does the next job', async (_, fail) => {
    const setup = setupFor()
    let calls = 0
    const executor = new Executor(setup, {
      ...halving,
      compress: (bytes) => (calls++ === 0 ? fail(bytes) : halving.compress(bytes)),
    })
    expect(await executor.run(encodeJob([Uint8Array.of(1, 2)]))).toMatchObject({
      id: 5,
      error: { message: 'no space left' },
    })
    expect(left(setup)).toBe(2)
    expect(await executor.run(encodeJob([Uint8Array.of(1, 2)]))).toMatchObject({ response: { sizeWord: 1 } })
    expect(left(setup)).toBe(2)
  })

  it('holds a permit while it compresses, and needs none for an uncompressed block', async () => {
    const setup = setupFor()
    const seen: unknown[] = []
    const executor = new Executor(setup, {
      ...halving,
      async compress(bytes) {
        seen.push(left(setup))
        await Promise.resolve()
        seen.push(left(setup))
        return bytes.slice(1)
      },
    })
    await executor.run(encodeJob([Uint8Array.of(1, 2)]))
    expect([...seen, left(setup)]).toEqual([1, 1, 2])
    new Int32Array(setup.permits)[0] = 0
    expect(await executor.run(encodeJob([Uint8Array.of(1, 2)], true))).toMatchObject({ response: {} })
    expect(await new Executor(setup, uncompressed()).run(encodeJob([Uint8Array.of(1, 2)]))).toMatchObject({
      response: {},
    })
  })

  it.each([
    ['data:text/javascript,export default 1', 'its default export is not a function'],
    ['file:///nowhere/examiner.mjs', '/nowhere/examiner.mjs'],
  ])('with the examiner %s fails every job with the reason', async (examiner, message) => {
    const executor = new Executor(setupFor({ examiner }), null)
    for (let n = 0; n < 2; n++)
      expect(await executor.run({ id: n, name: 'examine', request: { ranges: noRanges() } })).toMatchObject({
        id: n,
        error: { message: expect.stringContaining(message) },
      })
  })

  it('without a codec cannot encode, and says so', async () => {
    const executor = new Executor(setupFor(), null)
    expect(await executor.run(encodeJob([Uint8Array.of(1)]))).toMatchObject({
      error: { message: 'there is no codec' },
    })
    executor.close()
  })
})

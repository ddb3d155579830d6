/**
 * Tests Node's own zstd, and what is done if Node is not as expected. A stand-in for `node:zlib` shows what is used.
 * `test/zstd-node.test.ts` tests the real one.
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OptionError } from '../errors.js'
import { compressWith } from './codec.js'

afterEach(() => {
  vi.doUnmock('node:zlib')
  vi.resetModules()
})

/** The output of this stand-in: a mark, the level, and the bytes themselves. */
function frame(bytes: Uint8Array, level: number, mark = 0xfd): Uint8Array {
  const result = new Uint8Array(bytes.length + 2)
  result.set([mark, level])
  result.set(bytes, 2)
  return result
}

interface Streams {
  /** The members that the code under test sees. */
  readonly compressor: (level: number) => unknown
}

/** The module with a `node:zlib` that counts calls of the public function. */
async function withZlib({ compressor }: Streams) {
  const publicCalls: { readonly length: number; readonly chunkSize: number }[] = []
  vi.resetModules()
  vi.doMock('node:zlib', () => ({
    zstdCompressSync(
      bytes: Uint8Array,
      { params, chunkSize }: { params: Record<number, number>; chunkSize: number },
    ) {
      publicCalls.push({ length: bytes.length, chunkSize })
      return frame(bytes, params[100]!)
    },
    ZstdCompress: class {
      constructor({ params }: { params: Record<number, number> }) {
        Object.assign(this, compressor(params[100]!))
      }
    },
  }))
  const { createNodeCompressor, nodeHasZstd } = await import('./zstd-node.js')
  const compress = (level: number) => compressWith(createNodeCompressor(level))
  return { compress, nodeHasZstd, publicCalls }
}

/** A stand-in for Node's native handle, which records its calls. */
function handleOf(level: number, mark = 0xfd) {
  const state = new Uint32Array(2)
  const calls: string[] = []
  const outputs: Uint8Array[] = []
  const handle = {
    writeSync(
      flush: number,
      input: Uint8Array,
      start: number,
      length: number,
      output: Uint8Array,
      outputStart: number,
      room: number,
    ) {
      calls.push(`write ${flush}`)
      outputs.push(output)
      const result = frame(input.subarray(start, start + length), level, mark)
      output.set(result, outputStart)
      state[0] = room - result.length
      state[1] = 0
    },
  }
  return { handle, state, calls, outputs }
}

const A = Uint8Array.of(1, 2, 3)
const B = new Uint8Array(1000).fill(7)

describe("Node's compressor", () => {
  it('is reused for every block, once it compresses a sample to the same bytes as the public function', async () => {
    const made: ReturnType<typeof handleOf>[] = []
    const { compress, nodeHasZstd, publicCalls } = await withZlib({
      compressor(level) {
        const one = handleOf(level)
        made.push(one)
        return { _handle: one.handle, _writeState: one.state }
      },
    })
    expect(nodeHasZstd).toBe(true)
    const block = compress(7)
    for (const bytes of [A, B, A]) expect(Buffer.from(block(bytes))).toEqual(Buffer.from(frame(bytes, 7)))
    expect(publicCalls.length).toBe(1)
    expect(made.length).toBe(1)
    // The sample twice, and three blocks. 2 is ZSTD_e_end: each call has a whole block.
    expect(made[0]!.calls).toEqual(Array.from({ length: 5 }, () => 'write 2'))
  })

  it('has a buffer for the worst case, and allocates it once while blocks do not grow', async () => {
    let outputs: Uint8Array[] = []
    const { compress, publicCalls } = await withZlib({
      compressor(level) {
        const one = handleOf(level)
        outputs = one.outputs
        return { _handle: one.handle, _writeState: one.state }
      },
    })
    const block = compress(3)
    const sizes = [4096, 131_072, 1_048_576, 100, 131_072]
    for (const size of sizes) block(new Uint8Array(size))
    // ZSTD_COMPRESSBOUND of zstd.h
    const bound = (size: number) => size + (size >> 8) + (size < 131_072 ? (131_072 - size) >> 11 : 0)
    const own = outputs.slice(-sizes.length)
    for (const [n, size] of sizes.entries()) expect(own[n]!.length).toBeGreaterThanOrEqual(bound(size))
    expect(new Set(own.slice(2)).size).toBe(1)
    for (const { length, chunkSize } of publicCalls) expect(chunkSize).toBeGreaterThanOrEqual(bound(length))
  })

  it.each<readonly [string, (level: number) => unknown]>([
    ['has no handle', (level) => ({ _writeState: handleOf(level).state })],
    ['has a handle that is null', (level) => ({ _handle: null, _writeState: handleOf(level).state })],
    ['has a handle that is none', (level) => ({ _handle: 'handle', _writeState: handleOf(level).state })],
    ['cannot be written to', (level) => ({ _handle: {}, _writeState: handleOf(level).state })],
    [
      'has something else to write to',
      (level) => ({
        _handle: { ...handleOf(level).handle, writeSync: 1 },
        _writeState: handleOf(level).state,
      }),
    ],
    ['has no state', (level) => ({ _handle: handleOf(level).handle })],
    ['has a state of another kind', (level) => ({ _handle: handleOf(level).handle, _writeState: [0, 0] })],
    ['has a longer state', (level) => ({ _handle: handleOf(level).handle, _writeState: new Uint32Array(3) })],
    [
      'gives other bytes',
      (level) => {
        const { handle, state } = handleOf(level, 0xfe)
        return { _handle: handle, _writeState: state }
      },
    ],
    [
      'forgets the level after the first frame',
      (level) => {
        const [first, later] = [handleOf(level), handleOf(3)]
        let calls = 0
        const writeSync = (...args: Parameters<typeof first.handle.writeSync>) => {
          const { handle, state } = calls++ === 0 ? first : later
          handle.writeSync(...args)
          first.state.set(state)
        }
        return { _handle: { writeSync }, _writeState: first.state }
      },
    ],
    [
      'gives fewer bytes',
      (level) => {
        const { handle, state } = handleOf(level)
        const writeSync = (...args: Parameters<typeof handle.writeSync>) => {
          handle.writeSync(...args)
          state[0]! += 1
        }
        return { _handle: { ...handle, writeSync }, _writeState: state }
      },
    ],
  ])('is not used if it %s: every block is compressed by the public function', async (_, compressor) => {
    const { compress, publicCalls } = await withZlib({ compressor })
    const block = compress(5)
    for (const bytes of [A, B, A]) expect(Buffer.from(block(bytes))).toEqual(Buffer.from(frame(bytes, 5)))
    expect(publicCalls.slice(-3).map(({ length }) => length)).toEqual([A, B, A].map(({ length }) => length))
  })
})

describe('a Node without zstd', () => {
  it.each([
    ['neither', {}],
    ['no stream', { zstdCompressSync: () => A }],
    ['nothing but a stream', { ZstdCompress: class {} }],
  ])('has %s, so it uses the bundled zstd, and refuses the encoder node', async (_, zlib) => {
    vi.resetModules()
    vi.doMock('node:zlib', () => ({ zstdCompressSync: undefined, ZstdCompress: undefined, ...zlib }))
    const { zstd } = await import('./zstd.js')
    const { OptionError: Thrown } = await import('../errors.js')
    expect(zstd().encoder).toEqual({ name: 'bundled', version: '1.5.2' })
    const expected = new OptionError(
      'encoder',
      'node',
      `bundled on Node ${process.versions.node}, which has no zstd`,
    )
    expect(() => zstd({ encoder: 'node' })).toThrow(expected.message)
    expect(() => zstd({ encoder: 'node' })).toThrow(Thrown)
  })
})

/** Stream reader: reads a stream in parts of any size, and checks that it has the declared size. */
import { EntryError, messageOf } from '../errors.js'
import { systemCode } from '../system-error.js'
import type { Failure } from './workers/protocol.js'

export interface StreamReader {
  /**
   * Fills `bytes` with the next bytes. At the declared end, checks that the stream ends.
   * @throws EntryError if a chunk is neither bytes nor text.
   */
  fill(bytes: Uint8Array): Promise<Failure | null>
}

/**
 * @param open opens the stream, at the first `fill`.
 * @param size of the stream, in bytes.
 */
export function readStream(open: () => AsyncIterable<Uint8Array>, size: number): StreamReader {
  let iterator: AsyncIterator<Uint8Array> | null = null
  let rest: Uint8Array = new Uint8Array(0)
  let position = 0

  /** Reads up to `most` bytes; none at the end. */
  async function take(most: number): Promise<Uint8Array> {
    iterator ??= open()[Symbol.asyncIterator]()
    while (rest.length === 0) {
      const { value, done } = await iterator.next()
      if (done) return rest
      rest = value
    }
    const taken = rest.subarray(0, most)
    rest = rest.subarray(taken.length)
    return taken
  }

  const wrong = (given: string): Failure => ({
    code: 'CHANGED',
    message: `its stream gave ${given} than the ${size} bytes announced`,
  })

  return {
    async fill(bytes) {
      try {
        for (let at = 0; at < bytes.length; ) {
          const chunk = await take(bytes.length - at)
          if (chunk.length === 0) return wrong(`fewer (${position})`)
          bytes.set(chunk, at)
          at += chunk.length
          position += chunk.length
        }
        if (position < size || (await take(1)).length === 0) return null
        await iterator?.return?.()
        return wrong('more')
      } catch (error) {
        if (error instanceof EntryError) throw error // an error of the caller, not of the stream
        return failureOfStream(error)
      }
    },
  }
}

/** The failure of a stream, from its error. */
export function failureOfStream(error: unknown): Failure {
  return {
    code: systemCode(error) ?? 'STREAM',
    message: `its stream failed: ${messageOf(error)}`,
    cause: error,
  }
}

/** Memory sink: keeps an image in memory, for callers that need its bytes. */
import { SquashfsError } from '../errors.js'
import type { Sink } from '../image/output.js'

export interface MemorySink extends Sink {
  /** All bytes that were written so far, in one array. Gaps are zeros. */
  bytes(): Uint8Array
}

/**
 * Creates a sink that keeps one image in memory.
 * @example
 * const sink = memorySink()
 * await writeImage([{ type: 'file', path: 'hello.txt', content: 'hello' }], sink)
 * const image = sink.bytes()
 */
export function memorySink(): MemorySink {
  let buffer = new Uint8Array(65_536)
  let size = 0
  let used = false
  return {
    begin() {
      if (used) throw new SquashfsError('SINK_USED', 'a memory sink holds one image; make one for each')
      used = true
    },
    write(bytes, position) {
      const end = position + bytes.length
      if (end > buffer.length) {
        const larger = new Uint8Array(Math.max(end, 2 * buffer.length))
        larger.set(buffer.subarray(0, size))
        buffer = larger
      }
      buffer.set(bytes, position)
      size = Math.max(size, end)
    },
    bytes: () => buffer.slice(0, size),
  }
}

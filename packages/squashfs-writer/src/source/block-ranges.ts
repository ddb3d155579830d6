/** Block ranges: divides a large file into ranges to read, and holes. */
import { BUFFER_SIZE } from './workers/protocol.js'

/**
 * Ranges that begin and end at block borders: of data, at most as large as a buffer, or of a hole of any size.
 * @param extents the parts of the file that have data: [start, end, ...].
 */
export function* blockRanges(
  extents: readonly number[],
  size: number,
  blockSize: number,
): Iterable<{ start: number; length: number; hole: boolean }> {
  if (size === 0) yield { start: 0, length: 0, hole: false }
  let at = 0
  for (let n = 0; n < extents.length; n += 2) {
    const start = Math.max(at, Math.floor(extents[n]! / blockSize) * blockSize)
    const end = Math.min(size, Math.ceil(extents[n + 1]! / blockSize) * blockSize)
    if (start > at) yield { start: at, length: start - at, hole: true }
    for (at = Math.max(at, start); at < end; at += BUFFER_SIZE)
      yield { start: at, length: Math.min(BUFFER_SIZE, end - at), hole: false }
    at = Math.max(end, Math.min(at, end))
  }
  if (at < size) yield { start: at, length: size - at, hole: true }
}

/** Read range: reads bytes of a scanned file, if it is still the same file. */
import { UnreadableError } from '../errors.js'
import { toDisplay } from '../tree/byte-string.js'
import type { FileOnDisk } from '../tree/node.js'
import type { FoundPlace } from './disk-content.js'
import type { Pool } from './workers/pool.js'
import { addRange, BUFFER_SIZE, noRanges } from './workers/protocol.js'

const REMEDY = 'open the directory again to read what is there now'

/**
 * Reads a range of a file.
 * @param start in bytes from the start of the file.
 * @param length in bytes. The result is shorter if the file ends before.
 * @throws UnreadableError, with the code `CHANGED` if the file was changed or replaced since the scan.
 */
export async function readRange(
  pool: Pool,
  file: FoundPlace,
  start: number,
  length: number,
): Promise<Uint8Array> {
  const end = Math.min(file.size, start + length)
  const bytes = new Uint8Array(Math.max(0, end - start))
  if (bytes.length === 0) return bytes
  const buffer = new SharedArrayBuffer(Math.min(bytes.length, BUFFER_SIZE))
  for (let at = start; at < end; at += BUFFER_SIZE) {
    const part = Math.min(BUFFER_SIZE, end - at)
    const ranges = noRanges()
    addRange(ranges, file, { start: at, length: part, at: 0, inBlocks: 0, flags: 0 })
    const { failures } = await pool.run('read', { ranges, buffer })
    const failure = failures[0]?.[1]
    if (failure) throw new UnreadableError([{ path: pathOf(file.content), ...failure }], REMEDY)
    bytes.set(new Uint8Array(buffer, 0, part), at - start)
  }
  return bytes
}

/** Reads a whole file, in parts of at most a buffer. */
export async function* streamFile(pool: Pool, file: FoundPlace): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += BUFFER_SIZE) yield await readRange(pool, file, at, BUFFER_SIZE)
}

function pathOf({ directory, name }: FileOnDisk): string {
  return toDisplay(`${directory.path}/${name}`.slice(directory.prefixLength ?? 0))
}

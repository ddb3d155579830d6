/** Descriptor source: reads an image from an open file. */
import { readSync } from 'node:fs'
import { ImageError } from '../errors.js'
import type { ImageSource } from '../reader/source.js'

/**
 * Creates a source that reads with blocking calls, which are fastest for small reads from the page cache.
 * @param name of the image in messages.
 * @param size of the file, in bytes.
 */
export function descriptorSource(name: string, descriptor: number, size: number): ImageSource {
  const readInto = (target: Uint8Array, position: number) => fill(name, descriptor, target, position)
  return {
    name,
    size,
    readInto,
    read(position, length) {
      const buffer = new Uint8Array(new ArrayBuffer(length))
      const filled = readInto(buffer, position)
      return filled === length ? buffer : buffer.subarray(0, filled)
    },
  }
}

function fill(name: string, descriptor: number, target: Uint8Array, position: number): number {
  let filled = 0
  while (filled < target.length) {
    const at = filled
    const count = attempt(name, () => readSync(descriptor, target, at, target.length - at, position + at))
    if (count === 0) break
    filled += count
  }
  return filled
}

/** Runs a call, and turns a system error into an ImageError with the path of the image, and the system error as its cause. */
export function attempt<T>(path: string, call: () => T): T {
  try {
    return call()
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause
    const missing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR'
    throw missing
      ? new ImageError('IMAGE_NOT_FOUND', 'there is no such file', { path, cause })
      : new ImageError('IMAGE_UNREADABLE', `it cannot be read (${cause.message})`, { path, cause })
  }
}

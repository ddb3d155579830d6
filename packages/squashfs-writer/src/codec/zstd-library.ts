/** The zstd library that comes with this package: the same for every version of Node, loaded when it is first needed. */
import { CodecError } from '../errors.js'

type Library = typeof import('@toondepauw/node-zstd')

/** @throws CodecError where it has no binary for the machine at hand. */
export async function loadZstd(): Promise<Library> {
  try {
    return await import('@toondepauw/node-zstd')
  } catch (cause) {
    throw new CodecError('zstd', cause)
  }
}

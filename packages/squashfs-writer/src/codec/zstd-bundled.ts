/** The zstd that comes with this package: for versions of Node that have none. Loaded when it is first needed. */
import { CodecError } from '../errors.js'

type Library = typeof import('@mongodb-js/zstd')

/** @throws CodecError where it has no binary for this machine. */
export async function loadBundledZstd(): Promise<Library> {
  try {
    return await import('@mongodb-js/zstd')
  } catch (cause) {
    throw new CodecError('zstd', cause)
  }
}

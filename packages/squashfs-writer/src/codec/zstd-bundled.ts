/** The zstd that comes with this package: for versions of Node that have none. Loaded when it is first needed. */
import { CodecError } from '../errors.js'

type Library = typeof import('@mongodb-js/zstd')

/**
 * The library's native binding: its `index.js` hands on the bytes alone, so that every level would be 3.
 * @throws CodecError where it has no binary for this machine.
 */
export async function loadBundledZstd(): Promise<Library> {
  try {
    const binding: string = '@mongodb-js/zstd/bindings.js' // it has no types of its own; those of the library are its
    const library: Library = await import(binding)
    return library
  } catch (cause) {
    throw new CodecError('zstd', cause)
  }
}

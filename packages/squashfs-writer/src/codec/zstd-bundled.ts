/** Bundled zstd: the dependency that compresses on versions of Node without zstd. It is loaded when it is first needed. */
import { CodecError } from '../errors.js'

type Library = typeof import('@mongodb-js/zstd')

/**
 * Loads the native binding of the library. Its `index.js` does not pass the level on, so every level would be 3.
 * @throws CodecError if the library has no binary for this machine.
 */
export async function loadBundledZstd(): Promise<Library> {
  try {
    const binding: string = '@mongodb-js/zstd/bindings.js' // has no type declarations, but the types of the library
    const library: Library = await import(binding)
    return library
  } catch (cause) {
    throw new CodecError('zstd', cause)
  }
}

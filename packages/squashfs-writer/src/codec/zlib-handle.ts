/**
 * The native side of a stream of `node:zlib`. Node has no public way to use a compressor or decompressor again for another
 * block, so this takes the way that `minizlib` takes, the library below npm's `tar`.
 */

/** A native side, as far as it is used here. */
export interface NativeHandle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputStart: number,
    inputLength: number,
    output: Uint8Array,
    outputStart: number,
    outputLength: number,
  ): void
  /** Called in `writeSync` when it fails. */
  onerror?: (message: string, errno: number, code: string) => void
}

export interface NativeStream {
  readonly handle: NativeHandle
  /** After a write: bytes of output room left, bytes of input left. */
  readonly state: Uint32Array
}

/** @returns null where the stream does not look as expected: the caller then uses the public calls. */
export function nativeSideOf(stream: unknown): NativeStream | null {
  if (typeof stream !== 'object' || stream === null) return null
  if (!('_handle' in stream && '_writeState' in stream)) return null
  const { _handle: handle, _writeState: state } = stream
  if (!isHandle(handle) || !(state instanceof Uint32Array) || state.length !== 2) return null
  return { handle, state }
}

function isHandle(handle: unknown): handle is NativeHandle {
  if (typeof handle !== 'object' || handle === null || !('writeSync' in handle)) return false
  return typeof handle.writeSync === 'function'
}

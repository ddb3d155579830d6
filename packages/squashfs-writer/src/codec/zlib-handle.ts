/**
 * zlib handle: the native handle of a `node:zlib` stream. Node has no public call that reuses a compressor or decompressor for
 * another block, or that writes into a buffer of the caller. So this uses the handle, as `minizlib` does, the library below
 * npm's `tar`.
 */

/** The methods of a native handle that are used here. */
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
  /** Frees the memory of zlib, which otherwise stays until the stream is collected. */
  close?(): void
  /** Called by `writeSync` if it fails. */
  onerror?: (message: string, errno: number, code: string) => void
}

export interface NativeStream {
  readonly handle: NativeHandle
  /** After a write: unused bytes of the output, unread bytes of the input. */
  readonly state: Uint32Array
}

/** @returns null if the stream does not have the expected fields: the caller then uses the public functions. */
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

/**
 * Passes a whole block through a native handle.
 * @param flush the constant of zlib or zstd that ends the block.
 * @returns the length of the result.
 */
export function writeBlock(
  { handle, state }: NativeStream,
  flush: number,
  bytes: Uint8Array,
  output: Uint8Array,
): number {
  handle.writeSync(flush, bytes, 0, bytes.length, output, 0, output.length)
  return output.length - state[0]!
}

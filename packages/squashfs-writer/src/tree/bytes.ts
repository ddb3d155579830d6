/** Bytes: the types that are accepted as content. */

/** Bytes as a buffer or as any view of one. */
export type Bytes = ArrayBuffer | SharedArrayBuffer | ArrayBufferView

/** The bytes of a value, not copied. Text is encoded as UTF-8. Returns null for a value that is neither bytes nor text. */
export function bytesOf(given: unknown): Uint8Array | null {
  if (typeof given === 'string') return new TextEncoder().encode(given)
  if (given instanceof Uint8Array) return given
  if (ArrayBuffer.isView(given)) return new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
  return isBuffer(given) ? new Uint8Array(given) : null
}

/** Compares the name of the type, since a buffer of another realm (a `vm` context, a test runner) is not an instance of ours. */
function isBuffer(given: unknown): given is ArrayBuffer | SharedArrayBuffer {
  const name = Object.prototype.toString.call(given)
  return name === '[object ArrayBuffer]' || name === '[object SharedArrayBuffer]'
}

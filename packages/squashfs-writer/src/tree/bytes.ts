/** Bytes: the forms in which a program may give content. */

/** Bytes in any of the forms that JavaScript has for them. */
export type Bytes = ArrayBuffer | SharedArrayBuffer | ArrayBufferView

/** The bytes of a value, not copied; text as UTF-8. null for a value that is neither bytes nor text. */
export function bytesOf(given: unknown): Uint8Array | null {
  if (typeof given === 'string') return new TextEncoder().encode(given)
  if (given instanceof Uint8Array) return given
  if (ArrayBuffer.isView(given)) return new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
  return isBuffer(given) ? new Uint8Array(given) : null
}

/** By its name: buffers of another realm (a `vm` context, a test's environment) are no instances of this one's. */
function isBuffer(given: unknown): given is ArrayBuffer | SharedArrayBuffer {
  const name = Object.prototype.toString.call(given)
  return name === '[object ArrayBuffer]' || name === '[object SharedArrayBuffer]'
}

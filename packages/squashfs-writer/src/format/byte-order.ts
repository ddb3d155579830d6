/** Byte order: reads and writes little-endian integers. squashfs 4.0 is little-endian on every machine. */

/** A view that reads and writes the integers of a record. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Writes a 16-bit integer, unsigned or in two's complement. There is no view: for one, V8 would allocate a buffer outside of its heap
 * for each small record.
 */
export function setUint16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value
  bytes[offset + 1] = value >>> 8
}

/** Writes an unsigned 32-bit integer. */
export function setUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value
  bytes[offset + 1] = value >>> 8
  bytes[offset + 2] = value >>> 16
  bytes[offset + 3] = value >>> 24
}

/** Writes an unsigned 64-bit integer; `value` is an integer up to 2^53 - 1. */
export function setUint64(bytes: Uint8Array, offset: number, value: number): void {
  setUint32(bytes, offset, value % 0x1_0000_0000)
  setUint32(bytes, offset + 4, Math.floor(value / 0x1_0000_0000))
}

/** Reads an unsigned 64-bit integer. Returns `Infinity` for a value of 2^53 or more, such as the start of an absent table. */
export function getUint64(view: DataView, offset: number): number {
  const high = view.getUint32(offset + 4, true)
  return high > 0x1f_ffff ? Number.POSITIVE_INFINITY : high * 0x1_0000_0000 + view.getUint32(offset, true)
}

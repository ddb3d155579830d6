/** Extended attributes: the keys and values of a set, and the id entries that inodes refer to. */
import { getUint64, setUint16, setUint32, setUint64, viewOf } from './byte-order.js'

/** The prefixes that the format supports. The index of a prefix is its number in the format. */
export const XATTR_PREFIXES = ['user.', 'trusted.', 'security.'] as const

/** Set in the type of a key whose value is out of line. */
const OUT_OF_LINE = 0x100
export const XATTR_ID_SIZE = 16
/** Bytes of the header before the index of the xattr id table. */
export const XATTR_TABLE_HEADER_SIZE = 16
/** Bytes of a key before its name, and of a value before its content. */
export const XATTR_KEY_SIZE = 4
export const XATTR_VALUE_SIZE = 4
/** Bytes of a reference to a value that is out of line. */
export const XATTR_REFERENCE_SIZE = 8

/** Splits a full name into the number of its prefix and the rest. Returns null if the format does not support the prefix. */
export function splitXattrName(name: Uint8Array): { prefix: number; rest: Uint8Array } | null {
  for (const [prefix, text] of XATTR_PREFIXES.entries()) {
    const matches = name.length > text.length && [...text].every((c, n) => name[n] === c.charCodeAt(0))
    if (matches) return { prefix, rest: name.subarray(text.length) }
  }
  return null
}

/** Encodes a key: u16 type, u16 length, the name without its prefix. */
export function encodeXattrKey(prefix: number, rest: Uint8Array, outOfLine: boolean): Uint8Array {
  const bytes = new Uint8Array(4 + rest.length)
  setUint16(bytes, 0, outOfLine ? prefix | OUT_OF_LINE : prefix)
  setUint16(bytes, 2, rest.length)
  bytes.set(rest, 4)
  return bytes
}

/** Encodes an inline value: u32 length, the bytes. */
export function encodeXattrValue(value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + value.length)
  setUint32(bytes, 0, value.length)
  bytes.set(value, 4)
  return bytes
}

/** Encodes an out-of-line value: u32 length 8, u64 metadata reference to an earlier inline value. */
export function encodeXattrReference(reference: number): Uint8Array {
  const bytes = new Uint8Array(12)
  setUint32(bytes, 0, 8)
  setUint64(bytes, 4, reference)
  return bytes
}

/** An entry of the xattr id table: one set of xattrs. */
export interface XattrId {
  /** Metadata reference to the first key of the set. */
  readonly reference: number
  readonly count: number
  /** Bytes of the encoded keys and values. */
  readonly size: number
}

/** Encodes an id entry: u64 reference, u32 count, u32 size. */
export function encodeXattrId(id: XattrId): Uint8Array {
  const bytes = new Uint8Array(XATTR_ID_SIZE)
  setUint64(bytes, 0, id.reference)
  setUint32(bytes, 8, id.count)
  setUint32(bytes, 12, id.size)
  return bytes
}

/** Encodes the header before the index of the xattr id table: u64 start of the keys and values, u32 count, u32 unused. */
export function encodeXattrTableHeader(keyValueStart: number, count: number): Uint8Array {
  const bytes = new Uint8Array(XATTR_TABLE_HEADER_SIZE)
  setUint64(bytes, 0, keyValueStart)
  setUint32(bytes, 8, count)
  return bytes
}

/** Decodes the {@link XATTR_KEY_SIZE} bytes before the name of a key. */
export function decodeXattrKey(bytes: Uint8Array): {
  /** Index into {@link XATTR_PREFIXES}; unknown to the format if it is greater. */
  readonly prefix: number
  readonly outOfLine: boolean
  /** Length of the name that follows, without its prefix. */
  readonly nameLength: number
} {
  const view = viewOf(bytes)
  const type = view.getUint16(0, true)
  return {
    prefix: type & ~OUT_OF_LINE,
    outOfLine: (type & OUT_OF_LINE) !== 0,
    nameLength: view.getUint16(2, true),
  }
}

/** Decodes the {@link XATTR_VALUE_SIZE} bytes before the content of a value: the length of the content. */
export function decodeXattrValueSize(bytes: Uint8Array): number {
  return viewOf(bytes).getUint32(0, true)
}

/** Decodes the metadata reference of an out-of-line value. */
export function decodeXattrReference(bytes: Uint8Array): number {
  return getUint64(viewOf(bytes), 0)
}

/** Decodes an id entry. */
export function decodeXattrId(bytes: Uint8Array): XattrId {
  const view = viewOf(bytes)
  return { reference: getUint64(view, 0), count: view.getUint32(8, true), size: view.getUint32(12, true) }
}

/** Decodes the header before the index of the xattr id table. */
export function decodeXattrTableHeader(bytes: Uint8Array): {
  readonly keyValueStart: number
  readonly count: number
} {
  const view = viewOf(bytes)
  return { keyValueStart: getUint64(view, 0), count: view.getUint32(8, true) }
}

/** Extended attributes: the key-value records of a set, and the id entries that inodes refer to. */
import { getUint64, setUint64, viewOf } from './byte-order.js'

/** The prefixes that have a number in the format; a name with any other cannot be stored. */
export const XATTR_PREFIXES = ['user.', 'trusted.', 'security.'] as const

/** Added to a key's type when its value lies elsewhere. */
const OUT_OF_LINE = 0x100
export const XATTR_ID_SIZE = 16
/** Bytes of what precedes the index of the xattr id table. */
export const XATTR_TABLE_HEADER_SIZE = 16
/** Bytes of a key before its name, and of a value before its content. */
export const XATTR_KEY_SIZE = 4
export const XATTR_VALUE_SIZE = 4
/** Bytes of a reference that stands for a value. */
export const XATTR_REFERENCE_SIZE = 8

/** The number of a name's prefix and the rest of the name; null when the format has no number for it. */
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
  const view = viewOf(bytes)
  view.setUint16(0, outOfLine ? prefix | OUT_OF_LINE : prefix, true)
  view.setUint16(2, rest.length, true)
  bytes.set(rest, 4)
  return bytes
}

/** Encodes a value that stands beside its key: u32 length, the bytes. */
export function encodeXattrValue(value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + value.length)
  viewOf(bytes).setUint32(0, value.length, true)
  bytes.set(value, 4)
  return bytes
}

/** Encodes a value that was stored before: u32 length 8, u64 metadata reference to the earlier value's length. */
export function encodeXattrReference(reference: number): Uint8Array {
  const bytes = new Uint8Array(12)
  const view = viewOf(bytes)
  view.setUint32(0, 8, true)
  setUint64(view, 4, reference)
  return bytes
}

/** One set of xattrs, as the xattr id table has it. */
export interface XattrId {
  /** Metadata reference of the set's first key, into the key-value area. */
  readonly reference: number
  readonly count: number
  /** Bytes of the set's keys and values as stored. */
  readonly size: number
}

/** Encodes an id entry: u64 reference, u32 count, u32 size. */
export function encodeXattrId(id: XattrId): Uint8Array {
  const bytes = new Uint8Array(XATTR_ID_SIZE)
  const view = viewOf(bytes)
  setUint64(view, 0, id.reference)
  view.setUint32(8, id.count, true)
  view.setUint32(12, id.size, true)
  return bytes
}

/** Encodes the header that precedes the index of the xattr id table: u64 start of the key-value area, u32 count, u32 unused. */
export function encodeXattrTableHeader(keyValueStart: number, count: number): Uint8Array {
  const bytes = new Uint8Array(XATTR_TABLE_HEADER_SIZE)
  const view = viewOf(bytes)
  setUint64(view, 0, keyValueStart)
  view.setUint32(8, count, true)
  return bytes
}

/** Decodes the {@link XATTR_KEY_SIZE} bytes before a key's name. */
export function decodeXattrKey(bytes: Uint8Array): {
  /** An index into {@link XATTR_PREFIXES}; a greater one is unknown to the format. */
  readonly prefix: number
  readonly outOfLine: boolean
  /** Bytes of the name that follows, without its prefix. */
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

/** Decodes the {@link XATTR_VALUE_SIZE} bytes before a value's content: how many bytes follow. */
export function decodeXattrValueSize(bytes: Uint8Array): number {
  return viewOf(bytes).getUint32(0, true)
}

/** Decodes the metadata reference that stands for a value which is stored elsewhere. */
export function decodeXattrReference(bytes: Uint8Array): number {
  return getUint64(viewOf(bytes), 0)
}

/** Decodes an id entry. */
export function decodeXattrId(bytes: Uint8Array): XattrId {
  const view = viewOf(bytes)
  return { reference: getUint64(view, 0), count: view.getUint32(8, true), size: view.getUint32(12, true) }
}

/** Decodes the header that precedes the index of the xattr id table. */
export function decodeXattrTableHeader(bytes: Uint8Array): {
  readonly keyValueStart: number
  readonly count: number
} {
  const view = viewOf(bytes)
  return { keyValueStart: getUint64(view, 0), count: view.getUint32(8, true) }
}

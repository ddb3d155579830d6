/**
 * Byte strings: names, paths and symlink targets as on disk, with one character (U+0000 to U+00FF) for each byte.
 *
 * Unlike decoded text they lose no bytes, and `<`, `===` and `Map` compare them by byte value, which is the order of names
 * in squashfs.
 */
export type ByteString = string

declare const ofBytes: unique symbol

/**
 * A byte string in the public interface. It is not assignable to a parameter for text, since a name that is not ASCII would be
 * encoded twice. `toBytes` converts it to the bytes that an entry takes, `toDisplay` to the text that messages show.
 */
export type BytePath = ByteString & { readonly [ofBytes]: true }

/** Text, which will be encoded as UTF-8: any string except a {@link BytePath}. */
export type TextPath = string & { readonly [ofBytes]?: never }

/** Marks a byte string, so that the compiler can tell it from text. */
export function asBytePath(s: ByteString): BytePath {
  return s as BytePath
}

/** Converts a path or name to a byte string: text is encoded as UTF-8, bytes are kept. */
export function toByteString(text: TextPath | Uint8Array): BytePath {
  return asBytePath(bytesOf(text))
}

function bytesOf(text: string | Uint8Array): ByteString {
  if (typeof text === 'string') {
    if (isAscii(text)) return text
    return fromBytes(new TextEncoder().encode(text))
  }
  return fromBytes(text)
}

/** Up to this many bytes, characters are added one by one. V8 makes longer strings a tree of parts, which it must copy before use. */
const LONGEST_BY_CHARACTER = 12

export function fromBytes(bytes: Uint8Array): ByteString {
  if (bytes.length > LONGEST_BY_CHARACTER)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  let s = ''
  for (let n = 0; n < bytes.length; n++) s += String.fromCharCode(bytes[n]!)
  return s
}

export function toBytes(s: ByteString): Uint8Array {
  const bytes = new Uint8Array(s.length)
  for (let n = 0; n < s.length; n++) bytes[n] = s.charCodeAt(n)
  return bytes
}

/** Converts to text for messages. Bytes that are not UTF-8, and control characters, become `\xNN`. */
export function toDisplay(s: ByteString): string {
  if (isPlain(s)) return s
  const bytes = toBytes(s)
  const text = textIfUtf8(bytes) ?? escapeInvalid(bytes)
  return text.replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** Converts to text if the bytes are UTF-8, else to bytes. {@link toByteString} converts both back without loss. */
export function toPath(s: ByteString): string | Uint8Array {
  if (isAscii(s)) return s
  const bytes = toBytes(s)
  return textIfUtf8(bytes) ?? bytes
}

/** Converts to text for patterns, with U+FFFD for bytes that are not UTF-8. */
export function toText(s: ByteString): string {
  return isAscii(s) ? s : new TextDecoder('utf-8', { ignoreBOM: true }).decode(toBytes(s))
}

/** The replacement character, which a decoder writes for invalid bytes. The text itself may contain it, too. */
const REPLACEMENT = '\ufffd'

/**
 * Decodes UTF-8; null if the bytes are not UTF-8. A decoder with `fatal` takes a hundred times as long for such bytes, and some
 * trees have many such names.
 */
function textIfUtf8(bytes: Uint8Array): string | null {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  if (!text.includes(REPLACEMENT)) return text
  const encoded = new TextEncoder().encode(text)
  return encoded.length === bytes.length && encoded.every((byte, n) => byte === bytes[n]) ? text : null
}

function escapeInvalid(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at]!)
    const character = at + length <= bytes.length ? textIfUtf8(bytes.subarray(at, at + length)) : null
    text += character ?? `\\x${bytes[at]!.toString(16).padStart(2, '0')}`
    at += character === null ? 1 : length
  }
  return text
}

/** Length of a UTF-8 sequence by its first byte (RFC 3629, section 3); 1 if no sequence begins with that byte. */
function sequenceLength(first: number): number {
  if (first >= 0xc2 && first <= 0xdf) return 2
  if (first >= 0xe0 && first <= 0xef) return 3
  if (first >= 0xf0 && first <= 0xf4) return 4
  return 1
}

function isAscii(s: string): boolean {
  for (let n = 0; n < s.length; n++) if (s.charCodeAt(n) > 0x7f) return false
  return true
}

function isPlain(s: string): boolean {
  for (let n = 0; n < s.length; n++) {
    const c = s.charCodeAt(n)
    if (c < 0x20 || c > 0x7e) return false
  }
  return true
}

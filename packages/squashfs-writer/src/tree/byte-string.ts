/**
 * Byte strings: names, paths and targets as they are on disk, one character (U+0000 to U+00FF) for each byte.
 *
 * Unlike decoded text they lose nothing, and JavaScript's own `<`, `===` and `Map` work on them by byte value, which is
 * the order that squashfs asks for.
 */
export type ByteString = string

declare const ofBytes: unique symbol

/**
 * A byte string for programs. Where text is meant it does not compile: encoded once more, every name beyond ASCII would be
 * another one. `toBytes` gives the bytes that an entry takes, `toDisplay` the text that messages show.
 */
export type BytePath = ByteString & { readonly [ofBytes]: true }

/** Text of a program, which is encoded as UTF-8. Any string but a {@link BytePath}. */
export type TextPath = string & { readonly [ofBytes]?: never }

/** For programs: a byte string that they can tell from text. */
export function asBytePath(s: ByteString): BytePath {
  return s as BytePath
}

/** The bytes of a program's path or name: a string is encoded as UTF-8, bytes are taken as they are. */
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

/** Bytes up to which one character at a time is faster than a call with all of them: names are shorter. */
const LONGEST_BY_CHARACTER = 64

export function fromBytes(bytes: Uint8Array): ByteString {
  let s = ''
  if (bytes.length <= LONGEST_BY_CHARACTER) {
    for (let n = 0; n < bytes.length; n++) s += String.fromCharCode(bytes[n]!)
    return s
  }
  for (let at = 0; at < bytes.length; at += 4096) s += String.fromCharCode(...bytes.subarray(at, at + 4096))
  return s
}

export function toBytes(s: ByteString): Uint8Array {
  const bytes = new Uint8Array(s.length)
  for (let n = 0; n < s.length; n++) bytes[n] = s.charCodeAt(n)
  return bytes
}

/** For people: UTF-8 where it is UTF-8, `\xNN` for every byte that is not, and for control characters. */
export function toDisplay(s: ByteString): string {
  if (isPlain(s)) return s
  const bytes = toBytes(s)
  const text = textIfUtf8(bytes) ?? escapeInvalid(bytes)
  return text.replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** For programs: text where it is UTF-8, its bytes where it is not; {@link toByteString} gives the same back. */
export function toPath(s: ByteString): string | Uint8Array {
  if (isAscii(s)) return s
  const bytes = toBytes(s)
  return textIfUtf8(bytes) ?? bytes
}

/** For patterns: text, with U+FFFD for bytes that are not UTF-8. */
export function toText(s: ByteString): string {
  return isAscii(s) ? s : new TextDecoder('utf-8', { ignoreBOM: true }).decode(toBytes(s))
}

/** What a decoder writes for what is not UTF-8. It may also be in the text itself. */
const REPLACEMENT = '\ufffd'

/**
 * The text that the bytes encode, or null where they are not UTF-8. A decoder that throws takes a hundred times as long for
 * the latter, and some trees are full of such names.
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

/** Bytes of a character in UTF-8, by its first one (RFC 3629, section 3); 1 where no character begins so. */
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

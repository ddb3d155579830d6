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
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(toBytes(s))
  } catch {
    text = escapeInvalid(toBytes(s))
  }
  return text.replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** For programs: text where it is UTF-8, its bytes where it is not; {@link toByteString} gives the same back. */
export function toPath(s: ByteString): string | Uint8Array {
  if (isAscii(s)) return s
  const bytes = toBytes(s)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return bytes
  }
}

/** For patterns: text, with U+FFFD for bytes that are not UTF-8. */
export function toText(s: ByteString): string {
  return isAscii(s) ? s : new TextDecoder('utf-8', { ignoreBOM: true }).decode(toBytes(s))
}

function escapeInvalid(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find(
      (n) => at + n <= bytes.length && decodes(decoder, bytes.subarray(at, at + n)),
    )
    text += length
      ? decoder.decode(bytes.subarray(at, at + length))
      : `\\x${bytes[at]!.toString(16).padStart(2, '0')}`
    at += length ?? 1
  }
  return text
}

function decodes(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes)
    return true
  } catch {
    return false
  }
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

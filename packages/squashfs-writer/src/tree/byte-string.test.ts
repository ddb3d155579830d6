import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBytes, type TextPath, toByteString, toBytes, toDisplay, toPath, toText } from './byte-string.js'
import type { Entry } from './entry.js'

const someBytes = fc.uint8Array({ maxLength: 300, size: 'max' })

describe('a byte string', () => {
  it('loses no byte', () => {
    const allBytes = Uint8Array.from({ length: 256 }, (_, n) => n)
    expect(toBytes(fromBytes(allBytes))).toEqual(allBytes)
    fc.assert(
      fc.property(someBytes, (bytes) => {
        expect(toBytes(fromBytes(bytes))).toEqual(bytes)
        expect(fromBytes(bytes).length).toBe(bytes.length)
      }),
    )
  })

  it('does not compile as text, which would be encoded twice', () => {
    const path = toByteString('\u00e9')
    // @ts-expect-error: a byte path is not text
    const wrong: Entry = { type: 'fifo', path }
    // @ts-expect-error: not encoded either
    const twice = toByteString(path)
    expect(toBytes(twice)).not.toEqual(toBytes(path))
    const right: Entry = { type: 'fifo', path: toBytes(path) }
    const text: TextPath = 'a text'
    expect([wrong.path, right.path, text]).toEqual([path, Uint8Array.of(0xc3, 0xa9), 'a text'])
  })

  it.each([0, 1, 4095, 4096, 4097, 8192, 200_000])('may have %d bytes', (length) => {
    const bytes = Uint8Array.from({ length }, (_, n) => n % 253)
    expect(Buffer.from(fromBytes(bytes), 'latin1').equals(bytes)).toBe(true)
  })

  it('contains the bytes of a subarray only', () => {
    expect(fromBytes(Uint8Array.of(0x61, 0x62, 0x63).subarray(1, 2))).toBe('b')
  })

  it('is compared by its bytes', () => {
    fc.assert(
      fc.property(someBytes, someBytes, (a, b) => {
        const [left, right] = [fromBytes(a), fromBytes(b)]
        expect(left < right ? -1 : left > right ? 1 : 0).toBe(Buffer.compare(a, b))
      }),
    )
  })
})

describe('a path from the caller', () => {
  it.each([
    ['plain', 'plain'],
    ['', ''],
    ['\0\x7f', '\0\x7f'],
    ['\x80', '\xc2\x80'],
    ['é', '\xc3\xa9'],
    ['日本', '\xe6\x97\xa5\xe6\x9c\xac'],
    ['😀', '\xf0\x9f\x98\x80'],
    ['a\ufeff', 'a\xef\xbb\xbf'],
    ['\ud800', '\xef\xbf\xbd'], // half a character has no UTF-8
  ])('as text %j is encoded as UTF-8', (text, bytes) => {
    expect(toByteString(text)).toBe(bytes)
  })

  it('as bytes keeps these bytes, UTF-8 or not', () => {
    expect(toByteString(Uint8Array.of(0xff, 0x2f, 0xc3, 0xa9))).toBe('\xff/\xc3\xa9')
    expect(toByteString(Buffer.from('é'))).toBe(toByteString('é'))
  })
})

describe('a name in messages', () => {
  it.each([
    ['plain text, ~', 'plain text, ~'],
    ['', ''],
    ['caf\xc3\xa9', 'café'],
    ['\xf0\x9f\x98\x80', '😀'],
    ['\xef\xbb\xbfx', '\ufeffx'],
    ['\xff', '\\xff'],
    ['a\xe9b', 'a\\xe9b'],
    ['caf\xc3\xa9\xff', 'café\\xff'],
    ['\xe6\x97\xa5\xe6\x97', '日\\xe6\\x97'],
    ['\xe6\x97A', '\\xe6\\x97A'],
    ['\xf0\x9f\x98\x80\x80', '😀\\x80'],
    ['\xc0\xaf', '\\xc0\\xaf'], // overlong
    ['\xed\xa0\x80', '\\xed\\xa0\\x80'], // half a character
    ['a\nb', 'a\\x0ab'],
    ['\x1b[31m', '\\x1b[31m'],
    ['\x1f \x7e\x7f', '\\x1f ~\\x7f'],
    ['\0', '\\x00'],
    ['\xc2\x9b', '\\x9b'], // a control character beyond ASCII
    ['\n\xff', '\\x0a\\xff'],
  ])('of %j is %j', (bytes, shown) => {
    expect(toDisplay(bytes)).toBe(shown)
  })

  it('has no control characters and no invalid text, for any bytes', () => {
    fc.assert(
      fc.property(someBytes, (bytes) => {
        const shown = toDisplay(fromBytes(bytes))
        expect(shown).not.toMatch(/\p{Cc}|\ufffd/u)
        expect(Buffer.from(shown).toString()).toBe(shown)
      }),
    )
  })

  it('is the text itself if it has no control characters', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((s) => !/\p{Cc}/u.test(s))
    fc.assert(
      fc.property(text, (s) => {
        expect(toDisplay(toByteString(s))).toBe(s)
      }),
    )
  })
})

describe('a name for programs', () => {
  /** Bytes that often begin or continue a character in UTF-8, and the replacement character of decoders. */
  const nearlyText = fc
    .array(
      fc.oneof(
        fc.constantFrom('é', '\ufffd', '日', '😀', '\ud7ff', '\u{10ffff}').map((s) => [...Buffer.from(s)]),
        fc
          .constantFrom(0x41, 0x80, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xed, 0xef)
          .map((byte) => [byte]),
        fc.constantFrom(0xf0, 0x8f, 0x90, 0xf4, 0xf5, 0xff, 0xfd, 0xbd).map((byte) => [byte]),
      ),
      { maxLength: 12 },
    )
    .map((parts) => Uint8Array.from(parts.flat()))

  it('is text if a strict decoder accepts the bytes, else the bytes', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const textOf = (bytes: Uint8Array) => {
      try {
        return strict.decode(bytes)
      } catch {
        return bytes
      }
    }
    fc.assert(
      fc.property(fc.oneof(nearlyText, someBytes), (bytes) => {
        expect(toPath(fromBytes(bytes))).toEqual(textOf(bytes))
      }),
      { numRuns: 2000 },
    )
  })

  it('shows invalid bytes as escapes, and characters as themselves', () => {
    fc.assert(
      fc.property(nearlyText, (bytes) => {
        // Decodes escapes. The bytes contain no backslash, so each one begins an escape.
        const shown = toDisplay(fromBytes(bytes))
        const parts = shown
          .split(/\\x(..)/)
          .map((part, n) => (n % 2 ? Buffer.from(part, 'hex') : Buffer.from(part)))
        const controls = Buffer.concat(parts.filter((_, n) => n % 2)).filter((byte) => byte < 0x80)
        expect(controls).toHaveLength(0)
        const plain = !/[\u0080-\u009f]/.test(Buffer.from(bytes).toString())
        if (plain) expect(Buffer.concat(parts).equals(bytes)).toBe(true)
      }),
    )
  })
})

describe('a name for patterns', () => {
  it.each([
    ['plain\n', 'plain\n'],
    ['caf\xc3\xa9', 'café'],
    ['\xef\xbb\xbfx', '\ufeffx'],
    ['a\xffb', 'a\ufffdb'],
    ['\x7f', '\x7f'],
  ])('of %j is %j', (bytes, text) => {
    expect(toText(bytes)).toBe(text)
  })
})

/**
 * A buffer that lines of text are written into as bytes. Most texts of a listing are ASCII already; a string for each of them, and
 * an encoder, would take longer.
 */
const SPACE = 0x20
const ZERO = 0x30
const FIRST_PRINTABLE = 0x20
const LAST_PRINTABLE = 0x7e

const encoder = new TextEncoder()

export class LineBuffer {
  #bytes = new Uint8Array(524_288)
  #end = 0

  /** The number of bytes that were written and not taken yet. */
  get length(): number {
    return this.#end
  }

  /** Grows the buffer so that `count` more bytes fit. */
  reserve(count: number): void {
    const needed = this.#end + count
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(2 * needed)
    larger.set(this.#bytes.subarray(0, this.#end))
    this.#bytes = larger
  }

  addText(text: string): void {
    this.reserve(3 * text.length)
    if (isAscii(text)) this.addAscii(text)
    else this.#end += encoder.encodeInto(text, this.#bytes.subarray(this.#end)).written
  }

  /** Adds a text that is known to be ASCII. The bytes must be reserved. */
  addAscii(text: string): void {
    const bytes = this.#bytes
    const end = this.#end
    for (let n = 0; n < text.length; n++) bytes[end + n] = text.charCodeAt(n)
    this.#end = end + text.length
  }

  /** Adds a byte, which must be reserved. */
  addByte(byte: number): void {
    this.#bytes[this.#end++] = byte
  }

  /** Adds a whole number from 0, aligned to the right in a column. The bytes must be reserved. */
  addNumber(value: number, width: number): void {
    if (value > 0x7fff_ffff) {
      this.addAscii(String(value).padStart(width))
      return
    }
    const bytes = this.#bytes
    const start = this.#end
    let at = start + width
    let rest = value
    do {
      const next = (rest / 10) | 0
      bytes[--at] = ZERO + rest - next * 10
      rest = next
    } while (rest > 0)
    while (at > start) bytes[--at] = SPACE
    this.#end = start + width
  }

  /** Adds bytes if all of them are printable ASCII. Otherwise adds nothing and returns false. */
  addPrintable(source: Uint8Array, from: number, to: number): boolean {
    this.reserve(to - from)
    const bytes = this.#bytes
    let into = this.#end
    for (let at = from; at < to; at++) {
      const byte = source[at]!
      if (byte < FIRST_PRINTABLE || byte > LAST_PRINTABLE) return false
      bytes[into++] = byte
    }
    this.#end = into
    return true
  }

  /** Adds a copy of bytes that were written before. They must be reserved. */
  repeat(from: number, to: number): void {
    const bytes = this.#bytes
    let into = this.#end
    for (let at = from; at < to; at++) bytes[into++] = bytes[at]!
    this.#end = into
  }

  /** All that was written; valid until more is added. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#end)
    this.#end = 0
    return taken
  }
}

function isAscii(text: string): boolean {
  for (let n = 0; n < text.length; n++) if (text.charCodeAt(n) > LAST_PRINTABLE) return false
  return true
}

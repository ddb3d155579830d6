/** Makes a text fit for the terminal: without control characters, as one word of a shell, in lines of a width. */

/** Control characters (C0, DEL, C1), line and paragraph separators, and those that turn the writing direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose.
export const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const SHORT_FORMS: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** The same text with every such character as an escape (`\n`, `\x1b`, `\u202e`). */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => SHORT_FORMS[character] ?? escaped(character.charCodeAt(0)))
}

function escaped(code: number): string {
  const hex = code.toString(16)
  return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`
}

const NEEDS_NO_QUOTES = /^[\w@%+=:,./-]+$/

/** Bare where possible, in single quotes where needed, in `$'…'` (bash, zsh, ksh) where it cannot be printed as it is. */
export function shellWord(text: string): string {
  if (NEEDS_NO_QUOTES.test(text)) return text
  if (text.search(UNPRINTABLE) < 0) return `'${text.replaceAll("'", `'\\''`)}'`
  const quoted = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replace(UNPRINTABLE, escapedBytes)
  return `$'${quoted}'`
}

/** Byte by byte, because that is what `\x` means to a shell, whatever its locale. */
function escapedBytes(character: string): string {
  const bytes = [...Buffer.from(character)]
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}

/** A word that is longer than a line has one to itself. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

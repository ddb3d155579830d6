/** Prepares text for the terminal: escapes control characters, quotes words for a shell, and wraps lines. */

/** Control characters (C0, DEL, C1), line and paragraph separators, and characters that change the writing direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose.
export const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const SHORT_FORMS: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Replaces every unprintable character by an escape (`\n`, `\x1b`, `\u202e`). */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => SHORT_FORMS[character] ?? escaped(character.charCodeAt(0)))
}

function escaped(code: number): string {
  const hex = code.toString(16)
  return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`
}

const NEEDS_NO_QUOTES = /^[\w@%+=:,./-]+$/

/** Quotes a word for a shell if it needs quotes. A word with unprintable characters becomes `$'…'`, which bash, zsh and ksh read. */
export function shellWord(text: string): string {
  if (NEEDS_NO_QUOTES.test(text)) return text
  if (text.search(UNPRINTABLE) < 0) return `'${text.replaceAll("'", `'\\''`)}'`
  const quoted = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replace(UNPRINTABLE, escapedBytes)
  return `$'${quoted}'`
}

/** In a shell `\x` stands for a byte, in every locale. */
function escapedBytes(character: string): string {
  const bytes = [...Buffer.from(character)]
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}

/** Wraps text between words. A word that is longer than `width` gets its own line. */
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

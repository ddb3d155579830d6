/** Makes a text safe to print: file names may hold newlines, escape sequences and whatever else moves a terminal. */

/** Control characters (C0, DEL, C1), line and paragraph separators, and those that turn the writing direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose.
export const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const shortForms: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** The same text with every such character as an escape (`\n`, `\x1b`, `\u202e`). */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => shortForms[character] ?? escaped(character.charCodeAt(0)))
}

function escaped(code: number): string {
  const hex = code.toString(16)
  return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`
}

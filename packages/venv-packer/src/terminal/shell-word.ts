/** Quotes a text so that a shell takes it as one word, and so that it can be printed and pasted. */
import { unprintable } from './printable.js'

const needsNoQuotes = /^[\w@%+=:,./-]+$/

/** Bare where possible, in single quotes where needed, in `$'…'` (bash, zsh, ksh) where it cannot be printed as it is. */
export function shellWord(text: string): string {
  if (needsNoQuotes.test(text)) return text
  if (text.search(unprintable) < 0) return `'${text.replaceAll("'", `'\\''`)}'`
  const quoted = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replace(unprintable, escapedBytes)
  return `$'${quoted}'`
}

/** Byte by byte, because that is what `\x` means to a shell, whatever its locale. */
function escapedBytes(character: string): string {
  const bytes = [...Buffer.from(character)]
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}

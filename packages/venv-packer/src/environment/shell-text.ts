/** Words of a shell's language, as scripts in an environment hold them. */
import type { ByteString } from 'squashfs-writer/paths'

/**
 * The first word of a line, without its quotes: `/a/b`, `"/a b"`, `'/a b'`, `'/it'"'"'s'`. What the shell would replace
 * (`$NAME`, `$(…)`) stays as it is written.
 */
export function firstShellWord(line: ByteString): ByteString {
  const parts = line.matchAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s;'"\\]+)|([\s;])/g)
  let word = ''
  for (const [, single, double, escaped, bare, end] of parts) {
    if (end !== undefined) break
    word += single ?? double?.replace(/\\([\\"$`])/g, '$1') ?? escaped ?? bare ?? ''
  }
  return word
}

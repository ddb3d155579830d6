/** For which path an environment was made: `bin/activate` of every tool that makes environments says it. */

const assignment = /^[ \t]*(?:export[ \t]+)?VIRTUAL_ENV=(.*)$/gm

/** The absolute path in the text of `bin/activate`; undefined where it finds the path out when it runs. */
export function pathMadeFor(activate: string): string | undefined {
  for (const [, value = ''] of activate.matchAll(assignment)) {
    const path = firstWord(value)
    if (path.startsWith('/')) return path.replace(/(.)\/+$/, '$1')
  }
  return undefined
}

/** A shell's word, without its quotes: `/a/b`, `"/a b"`, `'/a b'`, `'/it'"'"'s'`. */
function firstWord(value: string): string {
  const parts = value.matchAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s;'"\\]+)|([\s;])/g)
  let word = ''
  for (const [, single, double, escaped, bare, end] of parts) {
    if (end !== undefined) break
    word += single ?? double?.replace(/\\([\\"$`])/g, '$1') ?? escaped ?? bare ?? ''
  }
  return word
}

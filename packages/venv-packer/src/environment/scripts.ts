/** Parses the scripts in `bin`: which program runs a script, and which path an activate script contains. */
import type { ByteString } from 'squashfs-writer/paths'

/** The shell of each activate script, without those for Windows. `activate` is for zsh as well. */
export const ACTIVATE_SCRIPTS: Readonly<Record<string, string>> = {
  activate: 'bash',
  'activate.csh': 'csh',
  'activate.fish': 'fish',
  'activate.nu': 'nushell',
}

/** `VIRTUAL_ENV=`, `export VIRTUAL_ENV=`, `setenv VIRTUAL_ENV`, `set -gx VIRTUAL_ENV`, `const virtual_env =`, ... */
const ASSIGNMENT =
  /^[ \t]*(?:export[ \t]+|setenv[ \t]+|set[ \t]+-gx[ \t]+|const[ \t]+|let[ \t]+)?VIRTUAL_ENV(?:[ \t]*=[ \t]*|[ \t]+)(\S.*)$/gim

/** The absolute path that an activate script contains; null for a script that finds its path when it runs. */
export function pathInActivateScript(text: ByteString): ByteString | null {
  for (const [, value = ''] of text.matchAll(ASSIGNMENT)) {
    const path = firstWord(value)
    if (path.startsWith('/')) return path.replace(/(.)\/+$/, '$1')
  }
  return null
}

/** Like {@link firstShellWord}, and also for raw strings of nushell: `r#'/a b'#`. */
function firstWord(value: ByteString): ByteString {
  return /^r#'([^']*)'#/.exec(value)?.[1] ?? firstShellWord(value)
}

/** Enough bytes for the longest shebang line that a kernel accepts, or for the two lines of a script with a wrapper. */
export const PROGRAM_HEAD_SIZE = 1024

/** Enough bytes for the docstring of a script with a wrapper, including a licence text. */
export const WRAPPED_HEAD_SIZE = 65_536

/** The programs that run a script. */
export interface ScriptStart {
  /** The program that the kernel starts, as the script has it. A relative path is relative to the working directory. */
  readonly interpreter: ByteString
  /** The program that the first one starts, if that is env(1) or the shell of a wrapper. */
  readonly next: NextProgram | null
}

export interface NextProgram {
  /** The method to find the program: by its path, by its name in PATH, or in the directory of the script. */
  readonly by: 'path' | 'PATH' | 'own directory'
  readonly program: ByteString
}

/** The programs that start a script. Null for a file without a shebang line (`#!…`). */
export function scriptStart(head: ByteString): ScriptStart | null {
  const [first = '', second = ''] = head.split('\n')
  const match = /^#![ \t]*([^ \t\0]+)[ \t]*(.*?)[ \t]*$/s.exec(first)
  if (match === null) return null
  const [, interpreter = '', argument = ''] = match
  if (/\/env$/.test(interpreter)) return { interpreter, next: programOfEnv(argument) }
  return { interpreter, next: SHELLS.test(interpreter) ? programOfWrapper(second) : null }
}

const SHELLS = /\/(?:ba|da)?sh$/

/** The kernel passes the rest of the line as one argument. env splits it only with `-S`. */
function programOfEnv(argument: ByteString): NextProgram | null {
  const split = /^(?:-[a-z]*S|--split-string[= ])(.*)$/s.exec(argument)?.[1]
  if (split === undefined)
    return argument === '' || /^-|=/.test(argument) ? null : { by: 'PATH', program: argument }
  const program = split.split(/[ \t]+/).find((word) => word !== '' && !/^-|=/.test(word))
  return program === undefined ? null : { by: program.includes('/') ? 'path' : 'PATH', program }
}

/**
 * The second line of a wrapper. Installers write `#!/bin/sh` and `'''exec' '/the/path/python' "$0" "$@"` if the path of Python is
 * too long for a shebang line, contains a space, or must be found at run time. Python reads the line as the beginning of a string.
 */
const WRAPPER = /^'''exec' (.*)$/s
const BESIDE_SCRIPT = /^"\$\(dirname -- "\$\(realpath -- "\$0"\)"\)"\/(.*)$/s

function programOfWrapper(line: ByteString): NextProgram | null {
  const words = WRAPPER.exec(line)?.[1]
  if (words === undefined) return null
  const beside = BESIDE_SCRIPT.exec(words)?.[1]
  if (beside !== undefined) return { by: 'own directory', program: firstShellWord(beside) }
  const program = firstShellWord(words)
  return program.startsWith('/') ? { by: 'path', program } : null
}

/**
 * The absolute path of the Python that runs a script. Null if the script does not contain the path (`/usr/bin/env`, own
 * directory), and for any other file.
 */
export function pythonOfScript(head: ByteString): ByteString | null {
  const start = scriptStart(head)
  if (start === null) return null
  const paths = [start.interpreter, ...(start.next?.by === 'path' ? [start.next.program] : [])]
  return paths.find((path) => path.startsWith('/') && isPython(path)) ?? null
}

/** Whether the name of a program is that of a Python. */
export function isPython(path: ByteString): boolean {
  return /(?:^|\/)(?:python|pypy|graalpy)[^/]*$/.test(path)
}

/** Whether a script has a wrapper, which Python reads as the first string of the script. */
export function isWrapped(head: ByteString): boolean {
  return scriptStart(head)?.next != null && WRAPPER.test(head.split('\n')[1] ?? '')
}

/** Comments, empty lines, and string statements such as a docstring. */
const BEFORE_CODE =
  /(?:[ \t\r\f]*(?:#[^\n]*)?\n|(?<docstring>[ru]?(?:"""(?:[^\\]|\\.)*?"""|'''(?:[^\\]|\\.)*?'''|"(?:[^"\\\n]|\\.)+"|'(?:[^'\\\n]|\\.)+')[ \t;]*(?:#[^\n]*)?\n))/isy

/**
 * Whether a script does not compile because of its wrapper. The wrapper becomes the docstring, so that the script's own docstring is
 * an ordinary statement, and Python allows no `from __future__ import` after a statement.
 */
export function isBrokenByWrapper(text: ByteString): boolean {
  if (!isWrapped(text)) return false
  const rest = text.replaceAll('\r\n', '\n').split('\n').slice(3).join('\n')
  let hasDocstring = false
  BEFORE_CODE.lastIndex = 0
  for (let at = 0; ; at = BEFORE_CODE.lastIndex) {
    const match = BEFORE_CODE.exec(rest)
    if (match === null) return hasDocstring && /^from[ \t]+__future__[ \t]/.test(rest.slice(at))
    if (match.groups?.docstring !== undefined) hasDocstring = true
  }
}

/**
 * The first word of a line, without quotes: `/a/b`, `"/a b"`, `'/a b'`, `'/it'"'"'s'`. `$NAME` and `$(…)` are not expanded.
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

/** The scripts in `bin`: the programs that start them, and the path for which an activate script was made. */
import type { ByteString } from 'squashfs-writer/paths'

/** The shell of each activate script (`activate` is for zsh as well); those for Windows do not matter here. */
export const ACTIVATE_SCRIPTS: Readonly<Record<string, string>> = {
  activate: 'bash',
  'activate.csh': 'csh',
  'activate.fish': 'fish',
  'activate.nu': 'nushell',
}

/** `VIRTUAL_ENV=`, `export VIRTUAL_ENV=`, `setenv VIRTUAL_ENV`, `set -gx VIRTUAL_ENV`, `const virtual_env =`, ... */
const ASSIGNMENT =
  /^[ \t]*(?:export[ \t]+|setenv[ \t]+|set[ \t]+-gx[ \t]+|const[ \t]+|let[ \t]+)?VIRTUAL_ENV(?:[ \t]*=[ \t]*|[ \t]+)(\S.*)$/gim

/** The absolute path that an activate script is for; null where it finds out when it runs. */
export function pathInActivateScript(text: ByteString): ByteString | null {
  for (const [, value = ''] of text.matchAll(ASSIGNMENT)) {
    const path = firstWord(value)
    if (path.startsWith('/')) return path.replace(/(.)\/+$/, '$1')
  }
  return null
}

/** As by {@link firstShellWord}; nushell has a form of its own: `r#'/a b'#`. */
function firstWord(value: ByteString): ByteString {
  return /^r#'([^']*)'#/.exec(value)?.[1] ?? firstShellWord(value)
}

/** Bytes that are enough for the longest first line a kernel takes, or for the two lines of a script run by way of a shell. */
export const PROGRAM_HEAD_SIZE = 1024

/** Bytes in which the docstring of a script ends, licence and all. */
export const WRAPPED_HEAD_SIZE = 65_536

/** The programs that run a script. */
export interface ScriptStart {
  /** The program that the kernel starts, as it is written. The kernel takes a relative path from the working directory. */
  readonly interpreter: ByteString
  /** The program that this one starts in turn, where it is env(1) or a shell that hands the script on to Python. */
  readonly next: NextProgram | null
}

export interface NextProgram {
  /** Whether it is a path, a name that is looked up in PATH, or lies in the directory of the script. */
  readonly by: 'path' | 'PATH' | 'own directory'
  readonly program: ByteString
}

/** Null for a file without a first line of the form `#!…`. */
export function scriptStart(head: ByteString): ScriptStart | null {
  const [first = '', second = ''] = head.split('\n')
  const match = /^#![ \t]*([^ \t\0]+)[ \t]*(.*?)[ \t]*$/s.exec(first)
  if (match === null) return null
  const [, interpreter = '', argument = ''] = match
  if (/\/env$/.test(interpreter)) return { interpreter, next: programOfEnv(argument) }
  return { interpreter, next: SHELLS.test(interpreter) ? programOfWrapper(second) : null }
}

const SHELLS = /\/(?:ba|da)?sh$/

/** The kernel hands on all that follows as one argument, which env takes apart only after `-S`. */
function programOfEnv(argument: ByteString): NextProgram | null {
  const split = /^(?:-[a-z]*S|--split-string[= ])(.*)$/s.exec(argument)?.[1]
  if (split === undefined)
    return argument === '' || /^-|=/.test(argument) ? null : { by: 'PATH', program: argument }
  const program = split.split(/[ \t]+/).find((word) => word !== '' && !/^-|=/.test(word))
  return program === undefined ? null : { by: program.includes('/') ? 'path' : 'PATH', program }
}

/**
 * Installers write such a line where the path of Python is too long for a first line or has a space, or where it is to be
 * found out: `'''exec' '/the/path/python' "$0" "$@"`, which for Python is the beginning of a string.
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
 * The absolute path of the Python that runs a script. Null where it is found otherwise (`/usr/bin/env`, beside the script),
 * and for any other file.
 */
export function pythonOfScript(head: ByteString): ByteString | null {
  const start = scriptStart(head)
  if (start === null) return null
  const paths = [start.interpreter, ...(start.next?.by === 'path' ? [start.next.program] : [])]
  return paths.find((path) => path.startsWith('/') && isPython(path)) ?? null
}

/** Whether a program is a Python, by its name. */
export function isPython(path: ByteString): boolean {
  return /(?:^|\/)(?:python|pypy|graalpy)[^/]*$/.test(path)
}

/** Whether a script is started by such a line, and Python reads that as its first string. */
export function isWrapped(head: ByteString): boolean {
  return scriptStart(head)?.next != null && WRAPPER.test(head.split('\n')[1] ?? '')
}

/** Comments, empty lines, and strings that stand alone, as a docstring does. */
const BEFORE_CODE =
  /(?:[ \t\r\f]*(?:#[^\n]*)?\n|(?<docstring>[ru]?(?:"""(?:[^\\]|\\.)*?"""|'''(?:[^\\]|\\.)*?'''|"(?:[^"\\\n]|\\.)+"|'(?:[^'\\\n]|\\.)+')[ \t;]*(?:#[^\n]*)?\n))/isy

/**
 * Whether a script does not compile for the wrapper before it: the wrapper is the script's docstring, the one that it had is
 * a statement now, and after a statement Python takes no `from __future__ import`.
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
 * The first word of a line, without its quotes: `/a/b`, `"/a b"`, `'/a b'`, `'/it'"'"'s'`. Parts that the shell would replace
 * (`$NAME`, `$(…)`) stay as they are written.
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

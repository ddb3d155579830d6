/** Python's directories and file names in an environment: `lib/python3.12/site-packages`, `__pycache__/module.cpython-312.pyc`. */
import type { ByteString } from 'squashfs-writer/paths'

/** A Python that has a directory in an environment. */
export interface PythonDirectory {
  /** `lib/python3.12` */
  readonly path: ByteString
  /** `3.12` */
  readonly version: string
  /** The part of the names of its bytecode files that says whose they are: `cpython-312`. */
  readonly tag: string
}

const DIRECTORY_PATTERN = /^lib\/(python|pypy)(\d+)\.(\d+)(t?)$/

/** The Python whose directory this is; undefined for any other path. `3.13t` (free-threaded) shares the tag of `3.13`. */
export function pythonDirectory(path: ByteString): PythonDirectory | undefined {
  const match = DIRECTORY_PATTERN.exec(path)
  if (!match) return undefined
  const [, name, major, minor] = match
  const tag = `${name === 'python' ? 'cpython-' : 'pypy'}${major}${minor}`
  return { path, version: `${major}.${minor}`, tag }
}

/** The tag of the Python in whose directory a path lies. */
export function bytecodeTag(path: ByteString): string | undefined {
  const second = path.indexOf('/', 'lib/'.length)
  return second < 0 ? undefined : pythonDirectory(path.slice(0, second))?.tag
}

export interface BytecodeName {
  /** `module`, of which it is the bytecode. */
  readonly module: ByteString
  /** `cpython-312`, or another program's: `cpython-312-pytest-8.3.4`. */
  readonly tag: string
  /** '' for the level of plain `python`, `1` and `2` for -O and -OO. */
  readonly level: string
}

const BYTECODE_PATTERN = /^(.+?)\.((?:cpython-|pypy|graalpy)[^/]*?)(?:\.opt-([^.]+))?\.pyc$/

/** Takes a name from `__pycache__` apart; undefined for any other name. */
export function parseBytecodeName(name: ByteString): BytecodeName | undefined {
  const match = BYTECODE_PATTERN.exec(name)
  if (!match) return undefined
  const [, module = '', tag = '', level = ''] = match
  return { module, tag, level }
}

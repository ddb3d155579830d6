/** Knows where Python keeps files in an environment: `lib/python3.12/site-packages`, `__pycache__/module.cpython-312.pyc`. */
import type { ByteString } from 'squashfs-writer/paths'

/** A Python version with a directory in an environment. */
export interface PythonDirectory {
  /** `lib/python3.12` */
  readonly path: ByteString
  /** `3.12` */
  readonly version: string
  /** Its tag in the names of bytecode files: `cpython-312`. */
  readonly tag: string
}

const DIRECTORY_PATTERN = /^lib\/(python|pypy)(\d+)\.(\d+)(t?)$/

/** The Python that a directory belongs to; undefined for any other path. `3.13t` (free-threaded) has the same tag as `3.13`. */
export function pythonDirectory(path: ByteString): PythonDirectory | undefined {
  const match = DIRECTORY_PATTERN.exec(path)
  if (!match) return undefined
  const [, name, major, minor] = match
  const tag = `${name === 'python' ? 'cpython-' : 'pypy'}${major}${minor}`
  return { path, version: `${major}.${minor}`, tag }
}

/** The tag of the Python that the directory of a path belongs to. */
export function bytecodeTag(path: ByteString): string | undefined {
  const second = path.indexOf('/', 'lib/'.length)
  return second < 0 ? undefined : pythonDirectory(path.slice(0, second))?.tag
}

export interface BytecodeName {
  /** The name of the module without `.py`. */
  readonly module: ByteString
  /** `cpython-312`, or that of another program: `cpython-312-pytest-8.3.4`. */
  readonly tag: string
  /** '' for `python`, `1` and `2` for `-O` and `-OO`. */
  readonly level: string
}

const BYTECODE_PATTERN = /^(.+?)\.((?:cpython-|pypy|graalpy)[^/]*?)(?:\.opt-([^.]+))?\.pyc$/

/** Parses the name of a file in `__pycache__`; undefined for any other name. */
export function parseBytecodeName(name: ByteString): BytecodeName | undefined {
  const match = BYTECODE_PATTERN.exec(name)
  if (!match) return undefined
  const [, module = '', tag = '', level = ''] = match
  return { module, tag, level }
}

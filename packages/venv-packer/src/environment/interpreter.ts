/** Finds the interpreter of an environment: where its symlinks lead, and whether it can be run. */
import { accessSync, constants, lstatSync, readlinkSync } from 'node:fs'
import { posix } from 'node:path'
import type { ByteString } from 'squashfs-writer/paths'
import { MAX_LINKS_FOLLOWED } from 'squashfs-writer/system'
import { diskPath } from './paths.js'

export interface Interpreter {
  /** The path in the environment by which Python is started, such as `bin/python`. */
  readonly path: ByteString
  /** The absolute target of each symlink, in order; empty if the interpreter is a file in the environment. */
  readonly links: readonly ByteString[]
  /** The absolute path of the program at the end of the symlinks. */
  readonly end: ByteString
  /** Whether the program exists. */
  readonly exists: boolean
  /** Whether the current user may run it. */
  readonly executable: boolean
}

/** Looks up paths, on disk or in an image. */
export interface PathLookup {
  /** Null for a path that is no symlink; undefined for one that does not exist or cannot be looked up. */
  readonly linkTarget: (path: ByteString) => ByteString | null | undefined
  readonly exists: (path: ByteString) => boolean
  readonly executable: (path: ByteString) => boolean
}

export const pathsOnDisk: PathLookup = {
  linkTarget,
  exists: (path) => may(path, constants.F_OK),
  executable: (path) => may(path, constants.X_OK),
}

/** Undefined if the environment has no interpreter. */
export function findInterpreter(environment: ByteString, lookup: PathLookup): Interpreter | undefined {
  for (const path of ['bin/python', 'bin/python3']) {
    const links = followLinks(`${environment}/${path}`, lookup)
    if (links === undefined) continue
    const end = links.at(-1) ?? `${environment}/${path}`
    return {
      path,
      links,
      end,
      exists: lookup.exists(end),
      executable: lookup.executable(end),
    }
  }
  return undefined
}

/** The absolute target of each symlink that `start` leads through; undefined if `start` does not exist. */
export function followLinks(start: ByteString, lookup = pathsOnDisk): readonly ByteString[] | undefined {
  const links: ByteString[] = []
  for (let at = start; links.length < MAX_LINKS_FOLLOWED; ) {
    const target = lookup.linkTarget(at)
    if (target === undefined) return at === start ? undefined : links
    if (target === null) return links
    at = posix.resolve(posix.dirname(at), target)
    links.push(at)
  }
  return links
}

/** See {@link PathLookup.linkTarget}. */
function linkTarget(path: ByteString): ByteString | null | undefined {
  try {
    if (!lstatSync(diskPath(path)).isSymbolicLink()) return null
    return readlinkSync(diskPath(path), { encoding: 'latin1' })
  } catch {
    return undefined
  }
}

function may(path: ByteString, mode: number): boolean {
  try {
    accessSync(diskPath(path), mode)
    return true
  } catch {
    return false
  }
}

/**
 * Removes the variables that Python itself reads (PYTHONPATH, PYTHONHOME, PYTHONOPTIMIZE, ...). Environment modules of a cluster set
 * them, and an environment would be made or compiled with packages that it does not have.
 */
export function withoutPythonSettings(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith('PYTHON')))
}

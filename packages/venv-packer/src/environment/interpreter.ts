/** The interpreter of an environment: where its links lead, and the settings under which we start it. */
import { accessSync, constants, lstatSync, readlinkSync } from 'node:fs'
import { posix } from 'node:path'
import type { ByteString } from 'squashfs-writer/paths'
import { MAX_LINKS_FOLLOWED } from 'squashfs-writer/system'
import { diskPath } from './paths.js'

export interface Interpreter {
  /** The path by which Python is started, from the environment on: `bin/python`. */
  readonly path: ByteString
  /** The absolute path of each link's target in turn; none for an interpreter that is a file in the environment. */
  readonly links: readonly ByteString[]
  /** Where the links end: the absolute path of the program. */
  readonly end: ByteString
  /** Whether there is a file at the end of the links. */
  readonly exists: boolean
  /** Whether the current user may run it. */
  readonly executable: boolean
}

/** Lookups of paths, on disk or in an image. */
export interface PathLookup {
  /** Null for a path that is no link, undefined for one that does not exist or may not be looked up. */
  readonly linkTarget: (path: ByteString) => ByteString | null | undefined
  readonly exists: (path: ByteString) => boolean
  readonly executable: (path: ByteString) => boolean
}

export const pathsOnDisk: PathLookup = {
  linkTarget,
  exists: (path) => may(path, constants.F_OK),
  executable: (path) => may(path, constants.X_OK),
}

/** Undefined where the environment has no interpreter at all. */
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

/** Where a link leads to, step by step; undefined where there is nothing to begin with. */
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

/** Null for a path that is no link, undefined for one that does not exist or may not be looked up. */
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
 * The same variables without those that Python itself obeys (PYTHONPATH, PYTHONHOME, PYTHONOPTIMIZE, ...): modules of a
 * cluster set them, and an environment would be made or compiled with packages that it does not have.
 */
export function withoutPythonSettings(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith('PYTHON')))
}

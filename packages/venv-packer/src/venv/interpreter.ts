/** The interpreter of an environment: `bin/python` is nearly always a symlink, and this is where it ends. */
import { accessSync, closeSync, constants, lstatSync, openSync, readlinkSync, readSync } from 'node:fs'
import { posix } from 'node:path'
import type { ByteString } from 'squashfs-writer/paths'
import { diskPath } from './disk-path.js'
import { ELF_HEAD_SIZE, machineIn } from './formats/elf.js'

export interface Interpreter {
  /** What Python is started by, from the environment on: `bin/python`. */
  readonly path: ByteString
  /** The absolute path of each link's target in turn; none for an interpreter that is a file in the environment. */
  readonly links: readonly ByteString[]
  /** Whether there is a file at the end of the links. */
  readonly exists: boolean
  /** Whether the current user may run it. */
  readonly executable: boolean
  /** `e_machine` of its ELF header; null where it has none. */
  readonly machine: number | null
}

const mostLinks = 40

/** How paths are looked at: on disk, or as an image has them. */
export interface PathLook {
  /** Null for what is there and is no link, undefined for what is not there or may not be looked at. */
  readonly linkTarget: (path: ByteString) => ByteString | null | undefined
  readonly exists: (path: ByteString) => boolean
  readonly executable: (path: ByteString) => boolean
  /** `e_machine` of its ELF header; null where it has none. */
  readonly machine: (path: ByteString) => number | null
}

export const onDisk: PathLook = {
  linkTarget,
  exists: (path) => may(path, constants.F_OK),
  executable: (path) => may(path, constants.X_OK),
  machine: machineOf,
}

/** Undefined where the environment has no interpreter at all. */
export function findInterpreter(environment: ByteString, look: PathLook): Interpreter | undefined {
  for (const path of ['bin/python', 'bin/python3']) {
    const links = followLinks(`${environment}/${path}`, look)
    if (links === undefined) continue
    const end = links.at(-1) ?? `${environment}/${path}`
    return {
      path,
      links,
      exists: look.exists(end),
      executable: look.executable(end),
      machine: look.machine(end),
    }
  }
  return undefined
}

/** Where a link leads to, step by step; undefined where there is nothing to begin with. */
export function followLinks(start: ByteString, look = onDisk): readonly ByteString[] | undefined {
  const links: ByteString[] = []
  for (let at = start; links.length < mostLinks; ) {
    const target = look.linkTarget(at)
    if (target === undefined) return at === start ? undefined : links
    if (target === null) return links
    at = posix.resolve(posix.dirname(at), target)
    links.push(at)
  }
  return links
}

/** Null for what is there and is no link, undefined for what is not there or may not be looked at. */
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

function machineOf(path: ByteString): number | null {
  try {
    const descriptor = openSync(diskPath(path), 'r')
    try {
      const head = Buffer.alloc(ELF_HEAD_SIZE)
      return machineIn(head.subarray(0, readSync(descriptor, head, 0, head.length, 0)))
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return null
  }
}

/** Finds the modules of an environment, and decides where their bytecode goes and which modules are compiled together. */
import type { FoundEntry } from 'squashfs-writer'
import { type ByteString, toByteString } from 'squashfs-writer/paths'

/** A module that was found: a file, or a symlink to one. */
export interface Module {
  /** Relative to the environment. */
  readonly path: ByteString
  readonly type: 'file' | 'symlink'
  /** Bytes; 0 for a symlink. */
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: number
}

/** All files that may be imported. Not the scripts in `bin`: Python keeps no bytecode of a script. */
export async function modulesAmong(
  entries: Iterable<FoundEntry> | AsyncIterable<FoundEntry>,
): Promise<readonly Module[]> {
  const modules: Module[] = []
  for await (const entry of entries) {
    const inode = entry.type === 'hardlink' ? entry.of : entry
    if (inode.type !== 'file' && inode.type !== 'symlink') continue
    const path = toByteString(entry.path)
    if (!path.endsWith('.py') || path.startsWith('bin/')) continue
    const { type, mode, uid, gid, mtime } = inode
    modules.push({ path, type, size: type === 'file' ? inode.content.size : 0, mode, uid, gid, mtime })
  }
  return modules
}

/**
 * The path of a module's bytecode (PEP 3147 and 488): `a/__pycache__/b.cpython-312.pyc` for `a/b.py`, and
 * `a/__pycache__/b.cpython-312.opt-1.pyc` at level 1.
 * @param tag the interpreter's tag, such as `cpython-312`.
 */
export function bytecodePath(module: ByteString, tag: string, level: Level): ByteString {
  const name = module.lastIndexOf('/') + 1
  const stem = module.slice(name, -'.py'.length)
  const optimized = level === 0 ? '' : `.opt-${level}`
  return `${module.slice(0, name)}__pycache__/${stem}.${tag}${optimized}.pyc`
}

/** Limits of a batch: large enough that messages cost little, small enough that all processes end at about the same time. */
const BATCH_BYTES = 131_072
const BATCH_MODULES = 64

/** Divides modules into batches, the largest modules first, so that all processes end at about the same time. */
export function batchesOf(modules: readonly Module[]): (readonly Module[])[] {
  const batches: Module[][] = []
  let [batch, bytes]: [Module[], number] = [[], 0]
  for (const module of modules.toSorted((a, b) => b.size - a.size)) {
    if (batch.length === 0 || bytes + module.size > BATCH_BYTES || batch.length === BATCH_MODULES) {
      batch = []
      bytes = 0
      batches.push(batch)
    }
    batch.push(module)
    bytes += module.size
  }
  return batches
}

/** The level that `python` without `-O` uses. */
export const DEFAULT_LEVELS: readonly Level[] = [0]

/** An optimization level: 0 for `python`, 1 for `python -O`, 2 for `python -OO`. */
export type Level = 0 | 1 | 2

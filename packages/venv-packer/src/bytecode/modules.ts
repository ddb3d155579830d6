/** Modules: the files that Python imports, the paths of their bytecode, and their batches for the compiling processes. */
import type { FoundEntry } from 'squashfs-writer'
import { type ByteString, toByteString } from 'squashfs-writer/paths'

/** A module that was found: a file, or a symlink to one. */
export interface Module {
  /** In the environment. */
  readonly path: ByteString
  readonly type: 'file' | 'symlink'
  /** Bytes; 0 for a symlink. */
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: number
}

/** All files that may be imported. Scripts in `bin` are run, and Python keeps no bytecode of them. */
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
 * PEP 3147 and 488: `a/b.py` has its bytecode in `a/__pycache__/b.cpython-312.pyc`, at level 1 in `b.cpython-312.opt-1.pyc`.
 * @param tag of the interpreter, `cpython-312`.
 */
export function bytecodePath(module: ByteString, tag: string, level: Level): ByteString {
  const name = module.lastIndexOf('/') + 1
  const stem = module.slice(name, -'.py'.length)
  const optimized = level === 0 ? '' : `.opt-${level}`
  return `${module.slice(0, name)}__pycache__/${stem}.${tag}${optimized}.pyc`
}

/** The size of a batch: large enough that sending takes no time beside compiling, small enough that all processes end together. */
const BATCH_BYTES = 131_072
const BATCH_MODULES = 64

/** The large modules come first, so that all processes end at about the same time. */
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

/** That of plain `python`. */
export const DEFAULT_LEVELS: readonly Level[] = [0]

export type Level = 0 | 1 | 2

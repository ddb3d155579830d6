/** Visit: all there is to find out in one folder, each entry looked at once. By blocking calls, which cost the least. */
import { accessSync, type BigIntStats, constants, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { type ByteString, compilePatterns } from 'squashfs-writer/paths'
import { systemErrorCode } from '../../errors/system-errors.js'
import { diskPath } from './disk-path.js'
import { below, type Entry } from './entry.js'
import { peek, readingFor } from './peek.js'

export interface Visit {
  readonly entries: readonly Entry[]
  /** The system's code where the folder cannot be listed; null where it can. */
  readonly failure: string | null
}

/** What is visited: the folder of an environment, and the patterns of what is left out. */
export interface VisitPlan {
  readonly root: ByteString
  readonly exclude: readonly string[]
}

export interface Visitor {
  /** The environment's folder itself. */
  readonly root: () => Entry
  /** Looks into a folder, given from the environment on. */
  readonly visit: (folder: ByteString) => Visit
}

export function createVisitor({ root, exclude }: VisitPlan): Visitor {
  const isExcluded = compilePatterns('exclude', exclude) ?? (() => false)
  const onDisk = (path: ByteString) => (path === '' ? root : `${root}/${path}`)
  const mayRead = readPermission()
  return {
    root: () => lookAt(root, '', mayRead),
    visit: (folder) => {
      const names = attempt(() => readdirSync(diskPath(onDisk(folder)), { encoding: 'latin1' }))
      if (names.failure !== null) return { entries: [], failure: names.failure }
      const paths = names.value.map((name) => below(folder, name)).filter((path) => !isExcluded(path))
      return { entries: paths.map((path) => lookAt(onDisk(path), path, mayRead)), failure: null }
    },
  }
}

function lookAt(onDisk: ByteString, path: ByteString, mayRead: ReadPermission): Entry {
  const found = attempt(() => lstatSync(diskPath(onDisk), { bigint: true }))
  if (found.failure !== null) return { ...unknown, path, failure: found.failure }
  const stats = found.value
  const kind = kindOf(stats)
  const entry: Entry = {
    path,
    kind,
    size: kind === 'file' ? Number(stats.size) : 0,
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    mtime: Number(stats.mtimeNs / 1_000_000_000n),
    sharedInode: kind !== 'folder' && stats.nlink > 1n ? `${stats.dev}:${stats.ino}` : null,
    target: null,
    failure: null,
    content: null,
  }
  if (kind === 'symlink') return withTarget(entry, onDisk)
  if (kind === 'file') return withContent(entry, onDisk, mayRead(stats))
  return entry
}

/** What could not even be looked at. */
const unknown: Omit<Entry, 'path' | 'failure'> = {
  kind: 'file',
  size: 0,
  mode: 0o777,
  uid: 0,
  mtime: 0,
  sharedInode: null,
  target: null,
  content: null,
}

function withTarget(entry: Entry, onDisk: ByteString): Entry {
  const { value, failure } = attempt(() => readlinkSync(diskPath(onDisk), { encoding: 'latin1' }))
  return { ...entry, target: value, failure }
}

/** @param probably whether the permission bits let the current user read it; where they do not, the system is asked. */
function withContent(entry: Entry, onDisk: ByteString, probably: boolean): Entry {
  const reading = readingFor(entry.path)
  if (reading && entry.size > 0) {
    const { value, failure } = attempt(() => peek(onDisk, entry.size, reading))
    return { ...entry, content: value, failure }
  }
  if (probably) return entry
  return { ...entry, failure: attempt(() => accessSync(diskPath(onDisk), constants.R_OK)).failure }
}

function kindOf(stats: BigIntStats): Entry['kind'] {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'folder'
  if (stats.isSymbolicLink()) return 'symlink'
  if (stats.isSocket()) return 'socket'
  return stats.isFIFO() ? 'fifo' : 'device'
}

type ReadPermission = (stats: BigIntStats) => boolean

/** By the permission bits alone, and for root as for anyone: a call for each file would take as long as the rest. */
function readPermission(): ReadPermission {
  const uid = BigInt(process.geteuid?.() ?? 0)
  const groups = new Set([process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])].map(BigInt))
  return ({ mode, uid: owner, gid }) => {
    const bit = owner === uid ? 0o400n : groups.has(gid) ? 0o040n : 0o004n
    return (mode & bit) !== 0n
  }
}

type Attempt<T> =
  | { readonly value: T; readonly failure: null }
  | { readonly value: null; readonly failure: string }

/** What a call gives, or the code of the system's error. */
function attempt<T>(call: () => T): Attempt<T> {
  try {
    return { value: call(), failure: null }
  } catch (error) {
    const failure = systemErrorCode(error)
    if (failure === undefined) throw error
    return { value: null, failure }
  }
}

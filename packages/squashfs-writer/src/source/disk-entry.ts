/** Disk entry: the status of a path on disk, for a program that inspects a directory before it is packed. */
import { TYPE_NAMES } from '../format/inode.js'
import { asBytePath, type BytePath, type ByteString } from '../tree/byte-string.js'
import { typeOfMode } from '../tree/file-type.js'
import type { FoundEntry } from '../tree/found-entry.js'
import type { Node } from '../tree/node.js'
import { FACT, type Facts, type Failure, factOf, numberOf } from './workers/protocol.js'

/** A path in a directory, as its filesystem tells of it: before any rule for owners and times. */
export interface DiskEntry {
  /** null for what could not be looked at, or is of no type that squashfs knows: then only `failure` says more. */
  readonly type: FoundEntry['type'] | null
  /** From the directory on, one character for each byte (`squashfs-writer/paths`); '' for the directory itself. */
  readonly path: BytePath
  /** Permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Whole seconds since 1970, rounded down. */
  readonly mtime: number
  /** Bytes of a file; 0 for all else. */
  readonly size: number
  /** Tells the inode of what has several names; null for the rest, and for directories. */
  readonly inode: string | null
  /** Where a symlink leads; null for all else. */
  readonly target: BytePath | null
  /** Why it cannot be packed, as far as that shows without reading it; null where it can. */
  readonly failure: Failure | null
}

/** With what it is in the tree, which a program need not know. */
export interface EntryInTree extends DiskEntry {
  readonly node: Node
}

/** The entry of a path without a status; its path and failure are still to be given. */
export const unknownEntry: DiskEntry = {
  type: null,
  path: asBytePath(''),
  mode: 0,
  uid: 0,
  gid: 0,
  mtime: 0,
  size: 0,
  inode: null,
  target: null,
  failure: null,
}

/** The facts about a name, as an entry. */
export function diskEntry(facts: Facts, n: number, path: ByteString, node: Node): EntryInTree {
  const mode = numberOf(facts, n, FACT.mode)
  const inodeType = typeOfMode(mode)
  const type = inodeType === null ? null : TYPE_NAMES[inodeType]
  const target = factOf(facts.targets, n)
  return {
    type,
    path: asBytePath(path),
    mode: mode & 0o7777,
    uid: numberOf(facts, n, FACT.uid),
    gid: numberOf(facts, n, FACT.gid),
    mtime: numberOf(facts, n, FACT.mtime),
    size: type === 'file' ? numberOf(facts, n, FACT.size) : 0,
    inode: factOf(facts.hardLinks, n) ?? null,
    target: target === undefined ? null : asBytePath(target),
    failure: null,
    node,
  }
}

/** Disk entries: what a filesystem says of every path in an environment, of a directory on disk and of an image alike. */
import type { FoundEntry, FoundFile, OpenDirectory, UnreadableEntry } from 'squashfs-writer'
import { asBytePath, type BytePath, toByteString } from 'squashfs-writer/paths'

export interface DiskEntry {
  /** null for what could not be looked at, or is of no type that squashfs knows: then no more is told than why. */
  readonly type: Exclude<FoundEntry['type'], 'hardlink'> | null
  /** From the directory on, one character for each byte; '' for the directory itself. */
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
  readonly failure: { readonly code: string; readonly message: string } | null
}

/** A file of which something is wanted, and what it is for the library. */
export interface FileToPeek {
  readonly path: BytePath
  readonly file: FoundFile
}

export interface DiskEntries {
  /** All, the directory itself first. */
  readonly entries: readonly DiskEntry[]
  readonly files: readonly FileToPeek[]
}

/** @param isWanted of which files something is wanted. */
export async function entriesOf(
  directory: OpenDirectory,
  isWanted: (entry: DiskEntry) => boolean,
): Promise<DiskEntries> {
  const entries: DiskEntry[] = []
  const files: FileToPeek[] = []
  for await (const found of directory.entries) {
    const inode = found.type === 'hardlink' ? found.of : found
    const entry = diskEntry(pathOf(found.path), inode)
    entries.push(entry)
    if (inode.type === 'file' && isWanted(entry)) files.push({ path: entry.path, file: inode })
  }
  for (const unread of await directory.unreadable()) entries.push(unreadableEntry(unread))
  return { entries, files }
}

function diskEntry(path: BytePath, inode: Exclude<FoundEntry, { type: 'hardlink' }>): DiskEntry {
  const { type, mode, uid, gid, mtime } = inode
  return {
    type,
    path,
    mode,
    uid,
    gid,
    mtime,
    size: type === 'file' ? inode.content.size : 0,
    inode: type !== 'directory' && inode.links > 1 ? String(inode.inode) : null,
    target: type === 'symlink' ? toByteString(inode.target) : null,
    failure: null,
  }
}

/** Of what cannot be looked at there is no more to tell than why. */
function unreadableEntry({ path, code, message, directory }: UnreadableEntry): DiskEntry {
  const failure = { code, message }
  if (directory) return { ...diskEntry(pathOf(path), directory), failure }
  const nothing = { type: null, mode: 0, uid: 0, gid: 0, mtime: 0, size: 0, inode: null, target: null }
  return { ...nothing, path: pathOf(path), failure }
}

/** The library names the directory itself `.`. */
function pathOf(path: string | Uint8Array): BytePath {
  return path === '.' ? asBytePath('') : toByteString(path)
}

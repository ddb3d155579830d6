/** Reads the entries of a directory on disk for the check. */
import type { FoundEntry, FoundFile, OpenDirectory, UnreadableEntry } from 'squashfs-writer'
import { asBytePath, type BytePath, toByteString } from 'squashfs-writer/paths'
import type { Entry } from './entry.js'

/** A file that the examiner is to read. */
export interface FileToExamine {
  readonly path: BytePath
  readonly file: FoundFile
}

export interface EntriesOnDisk {
  /** All entries, the directory itself first. */
  readonly entries: readonly Entry[]
  readonly files: readonly FileToExamine[]
}

/** @param isWanted whether the examiner is to read a file. */
export async function entriesOnDisk(
  directory: OpenDirectory,
  isWanted: (entry: Entry) => boolean,
): Promise<EntriesOnDisk> {
  const entries: Entry[] = []
  const files: FileToExamine[] = []
  for await (const found of directory.entries) {
    const inode = found.type === 'hardlink' ? found.of : found
    const entry = entryOf(pathOf(found.path), inode)
    entries.push(entry)
    if (inode.type === 'file' && isWanted(entry)) files.push({ path: entry.path, file: inode })
  }
  for (const unread of await directory.unreadable()) entries.push(unreadableEntry(unread))
  return { entries, files }
}

function entryOf(path: BytePath, inode: Exclude<FoundEntry, { type: 'hardlink' }>): Entry {
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

/** An entry that cannot be read has nothing but its failure, and attributes if it is a directory. */
function unreadableEntry({ path, code, message, directory }: UnreadableEntry): Entry {
  const failure = { code, message }
  if (directory) return { ...entryOf(pathOf(path), directory), failure }
  const nothing = { type: null, mode: 0, uid: 0, gid: 0, mtime: 0, size: 0, inode: null, target: null }
  return { ...nothing, path: pathOf(path), failure }
}

/** The library's path for the directory itself is `.`. */
function pathOf(path: string | Uint8Array): BytePath {
  return path === '.' ? asBytePath('') : toByteString(path)
}

/** Additions: entries that a program puts into the tree which was found on disk. */
import { EntryError } from '../errors.js'
import { InodeType } from '../format/inode.js'
import { type ByteString, toByteString, toDisplay } from './byte-string.js'
import { type AttributeRules, addEntry, type Entry, pathParts } from './entry.js'
import { attach, type Content, type DirectoryNode, detach, directoryNode } from './node.js'

/** Puts one entry into the tree. */
export type Merge = (
  entry: Entry,
  content: { readonly content: Content; readonly size: number } | null,
) => void

/**
 * Makes the function that puts entries into a tree. An entry takes the place of what has its path; a directory that is
 * there keeps what it holds. Owner and time that an entry does not give are those of the directory that it is put in, and
 * a directory that is missing on the way is like the one above it.
 * @returns a function that throws EntryError and LimitError for an entry that is not possible.
 */
export function mergeInto(root: DirectoryNode, rules: AttributeRules): Merge {
  const given = new Set<ByteString>()
  return (entry, content) => {
    const path = toByteString(entry.path)
    const parts = path === '.' ? [] : pathParts(path)
    if (given.has(path))
      throw new EntryError(toDisplay(path), 'this path was given twice; give each path once')
    given.add(path)
    const name = parts.pop()
    const parent = parts.reduce((at, part) => directoryIn(at, part, path), root)
    const present = name === undefined ? root : parent.children.get(name)
    if (present?.type === InodeType.DIRECTORY) {
      if (entry.type !== 'directory')
        throw new EntryError(toDisplay(path), `a directory is there, which a ${entry.type} cannot replace`)
      const { xattrs } = present
      addEntry(root, likeDirectory(entry, present), rules, null)
      if (entry.xattrs === undefined) present.xattrs = xattrs
      return
    }
    if (name !== undefined && present) detach(parent, name)
    addEntry(root, likeDirectory(entry, parent), rules, content)
  }
}

function likeDirectory(entry: Entry, { mode, uid, gid, mtime }: DirectoryNode): Entry {
  if (entry.type === 'hardlink') return entry
  return entry.type === 'directory' ? { mode, uid, gid, mtime, ...entry } : { uid, gid, mtime, ...entry }
}

function directoryIn(at: DirectoryNode, part: ByteString, path: ByteString): DirectoryNode {
  const present = at.children.get(part)
  if (present?.type === InodeType.DIRECTORY) return present
  if (present) throw new EntryError(toDisplay(path), `${toDisplay(part)} on the way is not a directory`)
  const made = directoryNode({ ...at, xattrs: null })
  attach(at, part, made)
  return made
}

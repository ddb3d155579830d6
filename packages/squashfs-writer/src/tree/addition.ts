/** Additions: entries that are laid over an existing tree. */
import { EntryError } from '../errors.js'
import { InodeType } from '../format/inode.js'
import { type ByteString, toByteString, toDisplay } from './byte-string.js'
import { type AttributeRules, addEntry, type Entry, pathParts } from './entry.js'
import { attach, type Content, type DirectoryNode, detach, directoryNode } from './node.js'

/** Adds one entry to the tree. */
export type Merge = (
  entry: Entry,
  content: { readonly content: Content; readonly size: number } | null,
) => void

/**
 * Creates the function that adds entries to a tree. An entry replaces an existing entry of the same path, but an existing
 * directory keeps its children. An entry without owner or time gets those of its parent directory. Missing parent
 * directories are created with the attributes of their own parents.
 * @returns a function that throws EntryError and LimitError for an invalid entry.
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
    const existing = name === undefined ? root : parent.children.get(name)
    if (existing?.type === InodeType.DIRECTORY) {
      if (entry.type !== 'directory')
        throw new EntryError(toDisplay(path), `a directory is there, which a ${entry.type} cannot replace`)
      const { xattrs } = existing
      addEntry(root, withDefaultsOf(entry, existing), rules, null)
      if (entry.xattrs === undefined) existing.xattrs = xattrs
      return
    }
    if (name !== undefined && existing) detach(parent, name)
    addEntry(root, withDefaultsOf(entry, parent), rules, content)
  }
}

function withDefaultsOf(entry: Entry, { mode, uid, gid, mtime }: DirectoryNode): Entry {
  if (entry.type === 'hardlink') return entry
  return entry.type === 'directory' ? { mode, uid, gid, mtime, ...entry } : { uid, gid, mtime, ...entry }
}

function directoryIn(at: DirectoryNode, part: ByteString, path: ByteString): DirectoryNode {
  const existing = at.children.get(part)
  if (existing?.type === InodeType.DIRECTORY) return existing
  if (existing) throw new EntryError(toDisplay(path), `${toDisplay(part)} on the way is not a directory`)
  const created = directoryNode({ ...at, xattrs: null })
  attach(at, part, created)
  return created
}

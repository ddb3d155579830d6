/** Order: the order in which inodes are numbered and contents are written. */
import { LimitError } from '../errors.js'
import { InodeType } from '../format/inode.js'
import { MAX_INODES } from '../format/limits.js'
import type { ByteString } from './byte-string.js'
import type { DirectoryNode, Node } from './node.js'

/** The nodes of a tree in the order of their inode numbers, which begin at 1 and have no gaps. */
export interface InodeOrder {
  /** All nodes except directories, each once. The nodes of a directory are adjacent, in the order of their names. */
  readonly leaves: readonly Exclude<Node, DirectoryNode>[]
  /** Directories by depth, the deepest first: children before parents. The last level is the root. */
  readonly levels: readonly (readonly DirectoryNode[])[]
  readonly count: number
}

/**
 * Orders a tree and numbers its nodes. The children of each directory are sorted by the bytes of their names.
 *
 * All directories are adjacent, so that a reader finds the directories of a path in few metadata blocks. No directory refers
 * to another one of its level, so the metadata blocks of a level can be compressed at the same time.
 *
 * @throws LimitError for more inodes than squashfs can number.
 */
export function inodeOrder(root: DirectoryNode): InodeOrder {
  const leaves: Exclude<Node, DirectoryNode>[] = []
  const levels: DirectoryNode[][] = []
  const seen = new Set<Node>()
  const stack: (readonly [DirectoryNode, number])[] = [[root, 0]]
  for (let top = stack.pop(); top; top = stack.pop()) {
    const [directory, depth] = top
    levels[depth] ??= []
    levels[depth].push(directory)
    if (!isInOrder(directory)) directory.children = new Map(sortedChildren(directory))
    const directories: DirectoryNode[] = []
    for (const node of directory.children.values()) {
      if (node.type === InodeType.DIRECTORY) directories.push(node)
      else if (node.links === 1) leaves.push(node)
      else if (!seen.has(node)) {
        seen.add(node)
        leaves.push(node)
      }
    }
    for (const directory of directories.reverse()) stack.push([directory, depth + 1])
  }
  levels.reverse()
  let count = 0
  for (const node of leaves) node.number = ++count
  for (const level of levels) for (const node of level) node.number = ++count
  if (count > MAX_INODES) throw new LimitError(`${count} inodes: squashfs numbers at most ${MAX_INODES}`)
  return { leaves, levels, count }
}

function isInOrder({ children }: DirectoryNode): boolean {
  let before: ByteString = ''
  for (const name of children.keys()) {
    if (name < before) return false
    before = name
  }
  return true
}

/** The names and nodes of a directory, sorted by the bytes of the names. */
export function sortedChildren(directory: DirectoryNode): (readonly [ByteString, Node])[] {
  return [...directory.children].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** All paths of the nodes in `wanted`, in the order of the tree. */
export function pathsOf(root: DirectoryNode, wanted: ReadonlySet<Node>): (readonly [ByteString, Node])[] {
  const found: (readonly [ByteString, Node])[] = []
  forEachPath(root, (path, node) => {
    if (wanted.has(node)) found.push([path, node])
  })
  return found
}

/** Visits every path below the root. In an ordered tree this is the order of the inode numbers, directories aside. */
export function forEachPath(root: DirectoryNode, visit: (path: ByteString, node: Node) => void): void {
  const stack: (readonly [ByteString, DirectoryNode])[] = [['', root]]
  for (let top = stack.pop(); top; top = stack.pop()) {
    const [prefix, directory] = top
    const directories: (readonly [ByteString, DirectoryNode])[] = []
    for (const [name, node] of directory.children) {
      visit(prefix + name, node)
      if (node.type === InodeType.DIRECTORY) directories.push([`${prefix}${name}/`, node])
    }
    stack.push(...directories.reverse())
  }
}

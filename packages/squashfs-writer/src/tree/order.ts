/** Order: in which sequence the nodes become inodes, and the files' contents go to disk. */

import { LimitError } from '../errors.js'
import { InodeType } from '../format/inode.js'
import { MAX_INODES } from '../format/limits.js'
import type { ByteString } from './byte-string.js'
import type { DirectoryNode, Node } from './node.js'

/**
 * All nodes, each once, children before parents. Numbers them in that sequence from 1, and leaves every directory's
 * children in the order of their names.
 *
 * What lies in a directory comes first, in the order of names and close together; then each subdirectory's; then the
 * directory itself. So the root is last, and a listing finds the inodes of its files in few metadata blocks.
 */
export function inodeOrder(root: DirectoryNode): Node[] {
  const order: Node[] = []
  const seen = new Set<Node>()
  const stack: (readonly [DirectoryNode, 'enter' | 'leave'])[] = [[root, 'enter']]
  for (let top = stack.pop(); top; top = stack.pop()) {
    const [directory, step] = top
    if (step === 'leave') {
      order.push(directory)
      continue
    }
    stack.push([directory, 'leave'])
    const folders: DirectoryNode[] = []
    directory.children = new Map(sortedChildren(directory))
    for (const node of directory.children.values()) {
      if (node.type === InodeType.DIRECTORY) folders.push(node)
      else if (node.links === 1) order.push(node)
      else if (!seen.has(node)) {
        seen.add(node)
        order.push(node)
      }
    }
    for (const folder of folders.reverse()) stack.push([folder, 'enter'])
  }
  if (order.length > MAX_INODES)
    throw new LimitError(`${order.length} inodes: squashfs numbers at most ${MAX_INODES}`)
  for (const [n, node] of order.entries()) node.number = n + 1
  return order
}

/** A directory's names and nodes in ascending order of the names' bytes. */
export function sortedChildren(directory: DirectoryNode): (readonly [ByteString, Node])[] {
  return [...directory.children].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Every path under which a node of `wanted` stands; of a tree in order, in its order. */
export function pathsOf(root: DirectoryNode, wanted: ReadonlySet<Node>): (readonly [ByteString, Node])[] {
  const found: (readonly [ByteString, Node])[] = []
  const stack: (readonly [ByteString, DirectoryNode])[] = [['', root]]
  for (let top = stack.pop(); top; top = stack.pop()) {
    const [prefix, directory] = top
    for (const [name, node] of directory.children) {
      if (wanted.has(node)) found.push([prefix + name, node])
      if (node.type === InodeType.DIRECTORY) stack.push([`${prefix}${name}/`, node])
    }
  }
  return found
}

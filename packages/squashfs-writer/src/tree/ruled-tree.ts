/** Ruled tree: a tree as it was found becomes the one that is packed, with the rules for owners, times and xattrs applied. */
import { InodeType } from '../format/inode.js'
import type { ByteString } from './byte-string.js'
import type { AttributeRules } from './entry.js'
import {
  type Attributes,
  attach,
  type DirectoryNode,
  deviceNode,
  directoryNode,
  fileNode,
  ipcNode,
  type Node,
  symlinkNode,
} from './node.js'

/** A copy, with the rules applied: the tree itself stays as it was found, and can be copied again. */
export function ruledCopy(root: DirectoryNode, rules: AttributeRules): DirectoryNode {
  const copies = new Map<Node, Node>()
  const copyOf = (node: Node, path: ByteString): Node => {
    const known = node.links > 1 ? copies.get(node) : undefined
    if (known) return known
    const copy = copied(node, ruled(node, path, rules))
    if (node.links > 1) copies.set(node, copy)
    return copy
  }
  const top = directoryNode(ruled(root, '', rules))
  const stack: (readonly [ByteString, DirectoryNode, DirectoryNode])[] = [['', root, top]]
  for (let next = stack.pop(); next; next = stack.pop()) {
    const [prefix, from, to] = next
    for (const [name, node] of from.children) {
      const path = prefix + name
      if (node.type === InodeType.DIRECTORY) {
        const directory = directoryNode(ruled(node, path, rules))
        attach(to, name, directory)
        stack.push([`${path}/`, node, directory])
      } else attach(to, name, copyOf(node, path))
    }
  }
  return top
}

/** Applies the rules to the tree itself, which is as it was found no more: for half a million nodes a copy would take 80 MB. */
export function applyInPlace(root: DirectoryNode, rules: AttributeRules): DirectoryNode {
  const done = new Set<Node>()
  const apply = (node: Node, path: ByteString) => {
    const { mode, uid, gid, mtime, xattrs } = ruled(node, path, rules)
    node.mode = mode
    node.uid = uid
    node.gid = gid
    node.mtime = mtime
    node.xattrs = xattrs
  }
  apply(root, '')
  const stack: (readonly [ByteString, DirectoryNode])[] = [['', root]]
  for (let next = stack.pop(); next; next = stack.pop()) {
    const [prefix, directory] = next
    for (const [name, node] of directory.children) {
      const path = prefix + name
      if (node.type === InodeType.DIRECTORY) stack.push([`${path}/`, node])
      else if (node.links > 1) {
        if (done.has(node)) continue
        done.add(node)
      }
      apply(node, path)
    }
  }
  return root
}

function ruled({ mode, uid, gid, mtime, xattrs }: Attributes, path: ByteString, rules: AttributeRules) {
  return rules(path, { mode, uid, gid, mtime, xattrs: xattrs ?? [] })
}

function copied(node: Node, attributes: Attributes): Node {
  switch (node.type) {
    case InodeType.FILE:
      return fileNode(attributes, node.size, node.content)
    case InodeType.DIRECTORY:
      return directoryNode(attributes)
    case InodeType.SYMLINK:
      return symlinkNode(attributes, node.target)
    case InodeType.BLOCK_DEVICE:
    case InodeType.CHARACTER_DEVICE:
      return deviceNode(node.type, attributes, node.major, node.minor)
    case InodeType.FIFO:
    case InodeType.SOCKET:
      return ipcNode(node.type, attributes)
  }
}

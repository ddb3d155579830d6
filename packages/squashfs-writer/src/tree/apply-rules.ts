/** Apply rules: applies the rules for owners, times and xattrs to a scanned tree, in a copy or in place. */
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

/** Returns a copy of the tree with the rules applied. The tree does not change and can be copied again. */
export function copyWithRules(root: DirectoryNode, rules: AttributeRules): DirectoryNode {
  const copies = new Map<Node, Node>()
  const copyOf = (node: Node, path: ByteString): Node => {
    const known = node.links > 1 ? copies.get(node) : undefined
    if (known) return known
    const copy = copied(node, attributesBy(rules, node, path))
    if (node.links > 1) copies.set(node, copy)
    return copy
  }
  const top = directoryNode(attributesBy(rules, root, ''))
  const stack: (readonly [ByteString, DirectoryNode, DirectoryNode])[] = [['', root, top]]
  for (let next = stack.pop(); next; next = stack.pop()) {
    const [prefix, from, to] = next
    for (const [name, node] of from.children) {
      const path = prefix + name
      if (node.type === InodeType.DIRECTORY) {
        const directory = directoryNode(attributesBy(rules, node, path))
        attach(to, name, directory)
        stack.push([`${path}/`, node, directory])
      } else attach(to, name, copyOf(node, path))
    }
  }
  return top
}

/** Applies the rules to the tree itself. A copy of half a million nodes would take 80 MB. */
export function applyRulesInPlace(root: DirectoryNode, rules: AttributeRules): DirectoryNode {
  const done = new Set<Node>()
  const apply = (node: Node, path: ByteString) => {
    const { mode, uid, gid, mtime, xattrs } = attributesBy(rules, node, path)
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

function attributesBy(
  rules: AttributeRules,
  { mode, uid, gid, mtime, xattrs }: Attributes,
  path: ByteString,
) {
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

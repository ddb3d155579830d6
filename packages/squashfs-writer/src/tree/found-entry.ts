/** Found entries: the tree that was found on disk, path by path, for a program. */
import { InodeType, TYPE_NAMES } from '../format/inode.js'
import { toPath } from './byte-string.js'
import type { Entry } from './entry.js'
import type { DirectoryNode, Node } from './node.js'

/** A path that was found in the directory, as it will be in the image: by its rules for owners and times. */
export interface FoundEntry {
  /** A hard link is of the type of what it is a name of. */
  readonly type: Exclude<Entry['type'], 'hardlink'>
  /** From the directory on: text where it is UTF-8, bytes where it is not. */
  readonly path: string | Uint8Array
  /** Of a file of up to 1 MiB, as it is on disk: an access ACL, which may narrow it in the image, is read with the content. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since 1970. */
  readonly mtime: number
  /** Bytes of a file; 0 for all else. */
  readonly size: number
}

/** Everything below a directory, in no particular order. */
export function* foundIn(root: DirectoryNode): Generator<FoundEntry> {
  const stack: (readonly [string, DirectoryNode])[] = [['', root]]
  for (let top = stack.pop(); top; top = stack.pop()) {
    const [prefix, directory] = top
    for (const [name, node] of directory.children) {
      if (node.type === InodeType.DIRECTORY) stack.push([`${prefix}${name}/`, node])
      yield foundEntry(prefix + name, node)
    }
  }
}

function foundEntry(path: string, node: Node): FoundEntry {
  const { mode, uid, gid, mtime } = node
  const size = node.type === InodeType.FILE ? node.size : 0
  return { type: TYPE_NAMES[node.type], path: toPath(path), mode, uid, gid, mtime, size }
}

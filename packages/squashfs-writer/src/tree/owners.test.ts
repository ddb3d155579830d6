import { describe, expect, it } from 'vitest'
import { LimitError } from '../errors.js'
import { InodeType } from '../format/inode.js'
import { attach, directoryNode, ipcNode } from './node.js'
import { inodeOrder } from './order.js'
import { checkOwners } from './owners.js'

const attributes = (uid: number, gid: number) => ({ mode: 0, uid, gid, mtime: 0, xattrs: null })

/** A root, a directory in it, and fifos in that. Each has its own uid, from 1 on. */
function tree(fifos: number, gid: number) {
  const root = directoryNode(attributes(0, 0))
  const directory = directoryNode(attributes(0, gid))
  attach(root, 'directory', directory)
  for (let uid = 1; uid <= fifos; uid++) {
    attach(directory, String(uid).padStart(5, '0'), ipcNode(InodeType.FIFO, attributes(uid, 0)))
  }
  return root
}

const check = (root: ReturnType<typeof tree>) => checkOwners(root, inodeOrder(root))

describe('the owners of a tree', () => {
  it('may be 65,535 user and group ids together', () => {
    expect(() => check(tree(65_534, 0))).not.toThrow()
    expect(() => check(tree(65_533, 70_000))).not.toThrow()
  })

  it('are refused with one more, by the path of its file', () => {
    const limit = (path: string, owner: string) =>
      new LimitError(
        `${path}: its owner ${owner} is one too many; squashfs holds 65535 distinct user and group ids: ` +
          "give all files one owner (owner: 'root')",
      )
    expect(() => check(tree(65_535, 0))).toThrow(limit('directory/65535', '65535:0'))
    expect(() => check(tree(65_534, 70_000))).toThrow(limit('directory', '0:70000'))
    const root = tree(65_534, 65_534)
    root.uid = 70_000
    expect(() => check(root)).toThrow(limit('.', '70000:0'))
  })
})

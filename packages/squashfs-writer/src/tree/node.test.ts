import { describe, expect, it } from 'vitest'
import { InodeType } from '../format/inode.js'
import {
  type Attributes,
  attach,
  detach,
  deviceNode,
  directoryNode,
  fileNode,
  ipcNode,
  symlinkNode,
} from './node.js'

const ATTRIBUTES: Attributes = {
  mode: 0o640,
  uid: 1,
  gid: 2,
  mtime: 3,
  xattrs: [['user.a', Uint8Array.of(4)]],
}
const content = { kind: 'bytes', bytes: Uint8Array.of(1) } as const

describe('a new node', () => {
  it('has its attributes, no name and no number', () => {
    const plain = { ...ATTRIBUTES, links: 0, number: 0 }
    expect(fileNode(ATTRIBUTES, 1, content)).toEqual({
      ...plain,
      type: InodeType.FILE,
      size: 1,
      content,
      digest: null,
      placement: null,
    })
    expect(symlinkNode(ATTRIBUTES, 'there')).toEqual({ ...plain, type: InodeType.SYMLINK, target: 'there' })
    for (const type of [InodeType.BLOCK_DEVICE, InodeType.CHARACTER_DEVICE] as const)
      expect(deviceNode(type, ATTRIBUTES, 8, 1)).toEqual({ ...plain, type, major: 8, minor: 1 })
    for (const type of [InodeType.FIFO, InodeType.SOCKET] as const)
      expect(ipcNode(type, ATTRIBUTES)).toEqual({ ...plain, type })
  })

  it('that is a directory has two links, no children and no parent', () => {
    expect(directoryNode(ATTRIBUTES)).toEqual({
      ...ATTRIBUTES,
      type: InodeType.DIRECTORY,
      links: 2,
      number: 0,
      children: new Map(),
      parent: null,
    })
  })
})

describe('a name', () => {
  it('counts as a link of its node; a directory counts as a link of its parent', () => {
    const root = directoryNode(ATTRIBUTES)
    const directory = directoryNode(ATTRIBUTES)
    const file = fileNode(ATTRIBUTES, 1, content)
    attach(root, 'directory', directory)
    attach(root, 'file', file)
    attach(directory, 'link', file)
    expect([root.links, directory.links, file.links]).toEqual([3, 2, 2])
    expect(directory.parent).toBe(root)
    expect([...root.children]).toEqual([
      ['directory', directory],
      ['file', file],
    ])
  })

  it('that is removed no longer counts', () => {
    const root = directoryNode(ATTRIBUTES)
    const file = fileNode(ATTRIBUTES, 1, content)
    attach(root, 'directory', directoryNode(ATTRIBUTES))
    attach(root, 'a', file)
    attach(root, 'b', file)
    detach(root, 'a')
    detach(root, 'directory')
    detach(root, 'never there')
    expect([root.links, file.links]).toEqual([2, 1])
    expect([...root.children.keys()]).toEqual(['b'])
  })
})

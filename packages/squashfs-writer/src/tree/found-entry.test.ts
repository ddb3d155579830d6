import { describe, expect, it } from 'vitest'
import { InodeType } from '../format/inode.js'
import { foundIn } from './found-entry.js'
import {
  type Attributes,
  attach,
  type DirectoryNode,
  deviceNode,
  directoryNode,
  fileNode,
  ipcNode,
  symlinkNode,
} from './node.js'

const attributes = (more: Partial<Attributes> = {}): Attributes => ({
  ...{ mode: 0o755, uid: 1, gid: 2, mtime: -3, xattrs: null },
  ...more,
})
const BYTES = { kind: 'bytes', bytes: new Uint8Array(7) } as const
const content = { size: 7, open: async function* () {} }

const entriesOf = (root: DirectoryNode) => [...foundIn(root, () => content)]

describe('the entries of a tree', () => {
  it('are one for each name: the root first, parents before children, later names as hard links', () => {
    const root = directoryNode(attributes())
    const lib = directoryNode(attributes({ mode: 0o2750, xattrs: [['user.\xff', Uint8Array.of(1)]] }))
    const file = fileNode(attributes(), 7, BYTES)
    attach(root, 'one', file)
    attach(root, 'lib', lib)
    attach(lib, 'two', file)
    const raw = { mode: 0o755, uid: 1, gid: 2, mtime: -3 }
    const one = { type: 'file', path: 'one', ...raw, links: 2, inode: 2, content }
    const xattrs = [[Uint8Array.from(Buffer.from('user.\xff', 'latin1')), Uint8Array.of(1)]]
    expect(entriesOf(root)).toEqual([
      { type: 'directory', path: '.', ...raw, links: 3, inode: 1 },
      one,
      { type: 'directory', path: 'lib', ...raw, mode: 0o2750, links: 2, inode: 3, xattrs },
      { type: 'hardlink', path: 'lib/two', target: 'one', inode: 2, of: one },
    ])
  })

  it('are of all types', () => {
    const root = directoryNode(attributes())
    attach(root, 'a', symlinkNode(attributes(), 'to\xff'))
    attach(root, 'b', deviceNode(InodeType.BLOCK_DEVICE, attributes(), 8, 1))
    attach(root, 'c', deviceNode(InodeType.CHARACTER_DEVICE, attributes(), 1, 3))
    attach(root, 'd', ipcNode(InodeType.FIFO, attributes()))
    attach(root, 'e', ipcNode(InodeType.SOCKET, attributes()))
    expect(entriesOf(root).slice(1)).toMatchObject([
      { type: 'symlink', target: Uint8Array.from([0x74, 0x6f, 0xff]) },
      { type: 'block-device', major: 8, minor: 1 },
      { type: 'character-device', major: 1, minor: 3 },
      { type: 'fifo' },
      { type: 'socket' },
    ])
  })

  it('have paths as text if they are UTF-8, else as bytes', () => {
    const root = directoryNode(attributes())
    for (const name of ['\xc3\xa9.py', '\xff.py']) attach(root, name, fileNode(attributes(), 7, BYTES))
    expect(entriesOf(root).map(({ path }) => path)).toEqual([
      '.',
      'é.py',
      Uint8Array.from([0xff, ...Buffer.from('.py')]),
    ])
  })
})

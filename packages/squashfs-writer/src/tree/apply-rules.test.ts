import { describe, expect, it } from 'vitest'
import { InodeType } from '../format/inode.js'
import { applyRulesInPlace, copyWithRules } from './apply-rules.js'
import type { AttributeRules } from './entry.js'
import { type Attributes, attach, deviceNode, directoryNode, fileNode, ipcNode, symlinkNode } from './node.js'
import { forEachPath } from './order.js'

const attributes = (): Attributes => ({ mode: 0o755, uid: 1, gid: 2, mtime: -3, xattrs: null })
const BYTES = { kind: 'bytes', bytes: new Uint8Array(7) } as const

/** A tree with all types of entries, and a file with two names. */
function found() {
  const root = directoryNode(attributes())
  const lib = directoryNode(attributes())
  const file = fileNode(attributes(), 7, BYTES)
  attach(root, 'file', file)
  attach(root, 'lib', lib)
  attach(lib, 'second', file)
  attach(lib, 'link', symlinkNode(attributes(), 'to'))
  attach(lib, 'device', deviceNode(InodeType.BLOCK_DEVICE, attributes(), 8, 1))
  attach(lib, 'fifo', ipcNode(InodeType.FIFO, attributes()))
  return { root, lib, file }
}

/** Records the paths for which it is called. */
function counting() {
  const asked: string[] = []
  const rules: AttributeRules = (path, { mode }) => {
    asked.push(path)
    return { mode, uid: 7, gid: 8, mtime: 9, xattrs: null }
  }
  return { asked, rules }
}

describe.each([
  ['a copy', copyWithRules],
  ['the tree itself', applyRulesInPlace],
])('%s', (_, apply) => {
  it('keeps names and contents, and applies the rules to every inode once', () => {
    const { root } = found()
    const { asked, rules } = counting()
    const ruled = apply(root, rules)
    const paths: string[] = []
    forEachPath(ruled, (path, node) => {
      paths.push(path)
      expect(node).toMatchObject({ mode: 0o755, uid: 7, gid: 8, mtime: 9 })
    })
    expect(paths.sort()).toEqual(['file', 'lib', 'lib/device', 'lib/fifo', 'lib/link', 'lib/second'])
    expect(asked.sort()).toEqual(['', 'file', 'lib', 'lib/device', 'lib/fifo', 'lib/link'])
    expect(ruled).toMatchObject({ uid: 7, links: 3 })
    const lib = ruled.children.get('lib')
    expect(lib).toMatchObject({ links: 2 })
    expect(ruled.children.get('file')).toMatchObject({ links: 2, size: 7, content: BYTES })
    expect(lib?.type === InodeType.DIRECTORY && lib.children.get('second')).toBe(ruled.children.get('file'))
  })
})

describe('a copy', () => {
  it('does not change the tree, even if the copy is changed', () => {
    const { root, lib, file } = found()
    const copy = copyWithRules(root, counting().rules)
    copy.children.delete('file')
    expect(root).toMatchObject({ uid: 1, mtime: -3, links: 3 })
    expect(root.children.get('file')).toBe(file)
    expect(file).toMatchObject({ uid: 1, links: 2 })
    expect(lib.parent).toBe(root)
  })
})

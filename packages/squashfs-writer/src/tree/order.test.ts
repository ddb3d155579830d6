import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InodeType } from '../format/inode.js'
import { fromBytes } from './byte-string.js'
import { attach, type DirectoryNode, directoryNode, ipcNode, type Node } from './node.js'
import { inodeOrder, pathsOf, sortedChildren } from './order.js'

const ATTRIBUTES = { mode: 0, uid: 0, gid: 0, mtime: 0, xattrs: null }

/** A tree from an object: a directory is an object, a leaf is a text. Equal texts are one node. */
interface Plan {
  readonly [name: string]: Plan | string
}

function treeOf(plan: Plan) {
  const called = new Map<Node, string>()
  const nodes = new Map<string, Node>()
  const grow = (name: string, within: Plan): DirectoryNode => {
    const directory = directoryNode(ATTRIBUTES)
    called.set(directory, `${name}/`)
    for (const [child, what] of Object.entries(within)) {
      if (typeof what === 'object') {
        attach(directory, child, grow(child, what))
        continue
      }
      const node = nodes.get(what) ?? ipcNode(InodeType.FIFO, ATTRIBUTES)
      nodes.set(what, node)
      called.set(node, what)
      attach(directory, child, node)
    }
    return directory
  }
  const root = grow('', plan)
  return { root, nodes, names: (list: readonly Node[]) => list.map((node) => called.get(node)) }
}

describe('the order of inodes', () => {
  it('has the files, directory by directory, and then the directories, the deepest first', () => {
    const { root, names } = treeOf({
      z: 'z',
      b: { y: 'b/y', x: 'b/x', deep: { f: 'b/deep/f' }, also: { g: 'b/also/g' } },
      a: { w: 'a/w' },
      c: {},
      d: 'd',
    })
    const { leaves, levels, count } = inodeOrder(root)
    expect(names(leaves)).toEqual(['d', 'z', 'a/w', 'b/x', 'b/y', 'b/also/g', 'b/deep/f'])
    expect(levels.map(names)).toEqual([['also/', 'deep/'], ['a/', 'b/', 'c/'], ['/']])
    expect(count).toBe(13)
    expect([...leaves, ...levels.flat()].map(({ number }) => number)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
    ])
  })

  it('of an empty tree is the root, number 1', () => {
    const { root } = treeOf({})
    expect(inodeOrder(root)).toEqual({ leaves: [], levels: [[root]], count: 1 })
    expect(root.number).toBe(1)
  })

  it('has a hard-linked node once, at its first name', () => {
    const { root, names, nodes } = treeOf({ b: { x: 'linked', y: 'other' }, c: 'linked', a: { z: 'linked' } })
    const { leaves, count } = inodeOrder(root)
    expect(names(leaves)).toEqual(['linked', 'other'])
    expect(count).toBe(5)
    expect(nodes.get('linked')).toMatchObject({ links: 3, number: 1 })
  })

  it('sorts the names of each directory by their bytes', () => {
    const { root } = treeOf({ b: { '\xff': '1', a: '2', B: '3' }, a: 'x', '~': {} })
    inodeOrder(root)
    expect([...root.children.keys()]).toEqual(['a', 'b', '~'])
    expect([...(root.children.get('b') as DirectoryNode).children.keys()]).toEqual(['B', 'a', '\xff'])
  })

  it('numbers a changed tree again', () => {
    const { root, nodes } = treeOf({ a: 'a', b: 'b' })
    inodeOrder(root)
    root.children.delete('a')
    expect(inodeOrder(root).count).toBe(2)
    expect([nodes.get('b')?.number, root.number]).toEqual([1, 2])
  })

  it('handles ten thousand nested directories', () => {
    const root = directoryNode(ATTRIBUTES)
    let at = root
    for (let n = 0; n < 10_000; n++) {
      const next = directoryNode(ATTRIBUTES)
      attach(at, 'd', next)
      at = next
    }
    expect(inodeOrder(root).count).toBe(10_001)
    expect([at.number, root.number]).toEqual([1, 10_001])
  })

  it('has every node of any tree once, children before parents, numbered from 1 without gaps', () => {
    const { tree } = fc.letrec<{ tree: Plan; node: Plan | string }>((tie) => ({
      tree: fc.dictionary(fc.string({ maxLength: 3 }), tie('node'), { maxKeys: 6, noNullPrototype: true }),
      node: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        fc.nat(20).map((n) => `node ${n}`),
        tie('tree'),
      ),
    }))
    fc.assert(
      fc.property(tree, (plan) => {
        const { root } = treeOf(plan)
        const { leaves, levels, count } = inodeOrder(root)
        const order: Node[] = [...leaves, ...levels.flat()]
        expect(count).toBe(order.length)
        expect(order.map(({ number }) => number)).toEqual(order.map((_, n) => n + 1))
        expect(levels.at(-1)).toEqual([root])

        const reached = new Set<Node>()
        const walk = (node: Node, depth: number) => {
          reached.add(node)
          if (node.type !== InodeType.DIRECTORY) return
          expect(levels.at(-1 - depth)).toContain(node)
          for (const child of node.children.values()) {
            expect(child.number).toBeLessThan(node.number)
            walk(child, depth + 1)
          }
        }
        walk(root, 0)
        expect(new Set(order)).toEqual(reached)
        expect(order.length).toBe(reached.size)
      }),
    )
  })
})

describe("a directory's names", () => {
  it('are sorted by their bytes, also for capitals and beyond ASCII', () => {
    const names = [
      'b',
      'a',
      'B',
      'ab',
      'a.b',
      'a',
      '\xc3\xa9',
      'z',
      '\xff',
      '~',
      '\x01',
      '\xef\xbf\xbd',
      '\xf0\x9f',
    ]
    const { root } = treeOf(Object.fromEntries(names.map((name) => [name, name])))
    expect(sortedChildren(root).map(([name]) => name)).toEqual([
      '\x01',
      'B',
      'a',
      'a.b',
      'ab',
      'b',
      'z',
      '~',
      '\xc3\xa9',
      '\xef\xbf\xbd',
      '\xf0\x9f',
      '\xff',
    ])
  })

  it('come with their nodes', () => {
    const { root, nodes } = treeOf({ b: 'one', a: 'two' })
    expect(sortedChildren(root)).toEqual([
      ['a', nodes.get('two')],
      ['b', nodes.get('one')],
    ])
  })

  it('are sorted by their bytes, for any names', () => {
    const aName = fc.uint8Array({ minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(fc.uniqueArray(aName, { selector: fromBytes }), (names) => {
        const { root } = treeOf({})
        for (const name of names) attach(root, fromBytes(name), ipcNode(InodeType.FIFO, ATTRIBUTES))
        expect(sortedChildren(root).map(([name]) => name)).toEqual(
          [...names].sort(Buffer.compare).map(fromBytes),
        )
      }),
    )
  })
})

describe('the paths of nodes', () => {
  it('are all their names', () => {
    const { root, nodes } = treeOf({ a: { b: { c: 'wanted', d: 'other' } }, x: 'another', w: 'wanted' })
    inodeOrder(root)
    const wanted = new Set([nodes.get('wanted')!, nodes.get('another')!])
    expect(pathsOf(root, wanted)).toEqual([
      ['w', nodes.get('wanted')],
      ['x', nodes.get('another')],
      ['a/b/c', nodes.get('wanted')],
    ])
    expect(pathsOf(root, new Set())).toEqual([])
  })

  it('may be those of a directory', () => {
    const { root } = treeOf({ a: { b: {} } })
    const b = (root.children.get('a') as DirectoryNode).children.get('b')!
    expect(pathsOf(root, new Set([b]))).toEqual([['a/b', b]])
  })

  it('are in the order of the tree', () => {
    const { root, names } = treeOf({
      z: 'z',
      b: { y: 'b/y', deep: { f: 'b/deep/f' }, also: { g: 'b/also/g' } },
      a: { w: 'a/w' },
    })
    const { leaves } = inodeOrder(root)
    expect(pathsOf(root, new Set(leaves)).map(([path]) => path)).toEqual(names(leaves))
  })
})

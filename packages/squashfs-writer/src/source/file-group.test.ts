import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planFragments } from '../image/fragment-plan.js'
import { type FileNode, fileNode } from '../tree/node.js'
import { FileGroup, type GroupLimits } from './file-group.js'
import { BUFFER_SIZE } from './workers/protocol.js'

const ATTRIBUTES = { mode: 0, uid: 0, gid: 0, mtime: 0, xattrs: null }
const BLOCK = 131_072
const LIMITS: GroupLimits = { soon: 4, most: 8 }

function filesOf(sizes: readonly number[]): FileNode[] {
  return sizes.map((size, n) => {
    const file = fileNode(ATTRIBUTES, size, { kind: 'bytes', bytes: new Uint8Array(0) })
    file.number = n + 1
    return file
  })
}

const tailSize = ({ size }: FileNode) => (size < BLOCK ? size : 0)

/** The groups of these files. The plan is for all of them, and some are not read. */
function groupsOf(files: readonly FileNode[], limits = LIMITS, without: ReadonlySet<FileNode> = new Set()) {
  const plan = planFragments(files, tailSize, BLOCK)
  const group = new FileGroup(plan)
  const groups: FileNode[][] = []
  for (const file of files.filter((file) => !without.has(file))) {
    for (let full = group.takeBefore(file, limits); full; full = group.takeBefore(file, limits))
      groups.push(full)
    group.add(file)
  }
  const last = group.takeAll()
  if (last.length > 0) groups.push(last)
  return { groups, plan }
}

const sizes = ({ groups }: { readonly groups: FileNode[][] }) =>
  groups.map((group) => group.map(({ size }) => size))

describe('a group of files', () => {
  it('ends at the end of a fragment block, once it has enough files', () => {
    const half = BLOCK / 2
    expect(sizes(groupsOf(filesOf([half, half, half, half, half, half])))).toEqual([
      [half, half, half, half],
      [half, half],
    ])
    expect(sizes(groupsOf(filesOf([half, 9, 9, 9, 9, half, 9])))).toEqual([
      [half, 9, 9, 9, 9],
      [half, 9],
    ])
  })

  it('ends when the buffer is full, after the last complete fragment block', () => {
    const large = BUFFER_SIZE - BLOCK
    expect(sizes(groupsOf(filesOf([BLOCK - 1, large, 5, 6])))).toEqual([
      [BLOCK - 1, large],
      [5, 6],
    ])
    expect(sizes(groupsOf(filesOf([large, 100, BLOCK - 50, 90])))).toEqual([
      [large, 100],
      [BLOCK - 50, 90],
    ])
  })

  it('ends within a fragment block of very many tails', () => {
    expect(sizes(groupsOf(filesOf(Array.from({ length: 20 }, () => 1)))).map(({ length }) => length)).toEqual(
      [8, 8, 4],
    )
  })

  it('ends when the fragment block changes, if other groups have the rest of it', () => {
    const half = BLOCK / 2
    const files = filesOf([half, half, half, half, half, half, half, half, half, half])
    const odd = new Set(files.filter((_, n) => n % 2 === 1))
    expect(sizes(groupsOf(files, LIMITS, odd))).toEqual([[half, half, half, half], [half]])
  })

  it('contains every file once, in order, within the limits, and does not divide a block because of the number of files alone', () => {
    const size = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: BUFFER_SIZE }))
    fc.assert(
      fc.property(fc.array(size, { maxLength: 60 }), (list) => {
        const files = filesOf(list)
        const { groups, plan } = groupsOf(files)
        expect(groups.flat()).toEqual(files)
        for (const [n, group] of groups.entries()) {
          expect(group.length).toBeGreaterThan(0)
          expect(group.length).toBeLessThanOrEqual(LIMITS.most)
          expect(group.reduce((sum, file) => sum + file.size, 0)).toBeLessThanOrEqual(BUFFER_SIZE)
          const tails = (files: readonly FileNode[]) =>
            files.map((file) => plan.blockOf(file)).filter((block) => block >= 0)
          const [last, next] = [tails(group).at(-1), tails(groups.slice(n + 1).flat())[0]]
          if (last === undefined || last !== next) continue
          const files = groups[n + 1] ? [...group, groups[n + 1]![0]!] : group
          const bytes = files.reduce((sum, file) => sum + file.size, 0)
          expect(group.length === LIMITS.most || bytes > BUFFER_SIZE).toBe(true)
        }
      }),
    )
  })
})
